/// A message that was dropped, and why. `peer` is the routing id when the socket is a ROUTER.
public enum Discard: Sendable, Hashable {
    /// A received message was over `SocketConfiguration.messageLimit`. `address` is the peer's, where known.
    case oversized(peer: Frame?, address: String?, frames: Int, bytes: Int)
    /// No such peer is connected (EHOSTUNREACH).
    case unroutable(peer: Frame?)
    /// The peer already has `SocketConfiguration.peerQueue` waiting.
    case backlogFull(peer: Frame?)
    /// libzmq refused the send for another reason.
    case failed(peer: Frame?, ZeroMQError)
    /// The socket was closed while the send still waited.
    case closed(peer: Frame?)
}
