public import RunSurgeCore

/// What the dispatcher knows of a node.
public struct NodeStatus: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case attached
        /// Its connection is gone; its leases still run.
        case unreachable
        /// It is given nothing more.
        case draining
        /// It was not heard of within the timeout.
        case dead
        /// It said goodbye, or its key was revoked.
        case left
    }

    public let node: NodeID
    public let state: State
    /// By the caller's clock.
    public let since: MonotonicTime
    public let slots: Int
    /// Bytes that all slots together may use.
    public let memory: Int64
    /// Held by it.
    public let leases: Int
    /// Since the oldest of them was granted; nil without any.
    public let oldestLease: Duration?

    public init(
        node: NodeID, state: State, since: MonotonicTime, slots: Int, memory: Int64, leases: Int,
        oldestLease: Duration?
    ) {
        self.node = node
        self.state = state
        self.since = since
        self.slots = slots
        self.memory = memory
        self.leases = leases
        self.oldestLease = oldestLease
    }
}
