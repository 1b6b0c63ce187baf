/// Options of a socket, applied before it binds or connects; nil keeps libzmq's own default.
///
/// Intervals are rounded down to whole milliseconds. Options that the kind of socket doesn't have are not applied.
public struct SocketOptions: Sendable {
    /// 1 to 255 bytes, the first not 0; the name under which a ROUTER peer sees this socket.
    public var routingID: Frame?
    /// Messages queued for each peer before a send would block; 0 is no limit. libzmq: 1,000.
    public var sendHighWaterMark: Int32?
    /// Messages queued from each peer before its connection stops being read; 0 is no limit. libzmq: 1,000.
    public var receiveHighWaterMark: Int32?
    /// How long closing keeps unsent messages. 0 here, for the thread must never wait in termination.
    public var linger: Duration = .zero
    /// Bytes of one frame; a peer that sends a longer one is disconnected. -1 is no limit.
    public var maxMessageSize: Int64?
    /// ROUTER: a send to an unknown peer fails with EHOSTUNREACH, to a full one with EAGAIN, not silently.
    public var routerMandatory = true
    /// ROUTER: a peer that comes back under the same routing id takes over from its old connection.
    public var routerHandover = true
    public var heartbeatInterval: Duration?
    /// Silence after a heartbeat that ends the connection. libzmq: the interval.
    public var heartbeatTimeout: Duration?
    /// Time for a peer to complete its handshake. libzmq: 30 s.
    public var handshakeInterval: Duration?
    /// Pending connections of a listening socket. libzmq: 100.
    public var backlog: Int32?
    public var ipv6: Bool?
    /// First wait before reconnecting. libzmq: 100 ms.
    public var reconnectInterval: Duration?
    /// Bound of the doubling wait before reconnecting. libzmq: no doubling.
    public var reconnectIntervalMax: Duration?
    /// SUB, XSUB: prefixes to subscribe to; an empty one takes everything.
    public var subscriptions: [Frame] = []
    /// XPUB: every subscription is passed up, duplicates included.
    public var xpubVerbose: Bool?
    /// Queue only for connections that are complete.
    public var immediate: Bool?
    public var curve: CurveRole?
    /// The domain named to the ZAP handler.
    public var zapDomain: String?
    /// Refuse every peer when no ZAP handler answers (option 93). Without it libzmq 4.3.4 admits all of them.
    public var enforceZAPDomain: Bool?

    public init() {}
}
