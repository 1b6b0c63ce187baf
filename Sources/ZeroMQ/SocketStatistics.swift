/// What a socket did since it was opened, at one moment.
public struct SocketStatistics: Sendable, Hashable {
    /// Messages that libzmq took.
    public var sent = 0
    /// Messages put into the inbox.
    public var received = 0
    /// Received messages dropped for their size.
    public var oversized = 0
    /// Sends dropped: unroutable, over the peer's queue, refused, or still waiting at closing.
    public var discarded = 0
    /// Sends accepted by `send` that libzmq has not taken yet.
    public var queued = 0
}
