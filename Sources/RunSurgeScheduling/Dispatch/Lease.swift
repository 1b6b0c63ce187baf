internal import RunSurgeCore

/// The right of a session to execute a unit of work, as the dispatcher keeps it.
struct Lease: Sendable {
    let token: LeaseToken
    /// Who holds it now: the token's own session, or the one that its worker came back with; nil while nobody known does.
    var holder: SessionID?
    var node: NodeID?
    var expires: MonotonicTime
    /// Limit of the process, in bytes.
    let memory: Int64
    /// Charged to the user's account when it was granted.
    let expectedSeconds: Double
    /// Whether a Pull has named it: until then it is in flight and uses up credit.
    var isSeen = false
    /// Its result is on its way through the store, which alone decides: nothing else may happen to the chunk.
    var isCommitting = false
}
