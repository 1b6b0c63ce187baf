/// What became of one send.
public enum SendOutcome: Sendable, Hashable {
    /// libzmq holds it for a peer. This is not a delivery: a connection that drops takes it along.
    case accepted
    /// Every eligible peer's pipe is full, or earlier sends still wait (EAGAIN). Not queued.
    case wouldBlock
    /// No such peer is connected (EHOSTUNREACH).
    case unroutable
    /// The socket closed first.
    case closed
    case failed(ZeroMQError)
}
