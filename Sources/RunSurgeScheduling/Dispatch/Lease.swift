internal import RunSurgeCore

/// The right of a session to execute a unit of work, as the dispatcher keeps it.
struct Lease: ChangedInPlace {
    let token: LeaseToken
    /// Tells it from every other lease that this dispatcher has known.
    let serial: UInt64
    /// Who holds it now: the token's own session, or the one that its worker came back with; nil while nobody known does.
    var holder: SessionID?
    var node: NodeID?
    var expires: MonotonicTime
    /// By the caller's clock, which stalls do not hold up.
    let granted: MonotonicTime
    /// Limit of the process, in bytes.
    let memory: Int64
    /// Charged to the user's account when it was granted.
    let expectedSeconds: Double
    /// Of a driver: until when its time was charged.
    var charged: MonotonicTime
    /// Of a driver: whether it has a slot. Without, it waits for a region or in line, and costs nothing.
    var isComputing = false
    /// When the calendar of expiries has it looked at next.
    var lookAt = Int64.min
    /// Whether a Pull has named it: until then it is in flight and uses up credit.
    var isSeen = false
    /// Whether it is known to be executed, so that its end may be its own fault.
    var isStarted = false
    /// Its result is on its way through the store, which alone decides: nothing else may happen to the chunk.
    var isCommitting = false
}
