/// One event in the history of a node.
public struct NodeLogEntry: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// It said Hello and was let in.
        case attached
        /// Its connection is gone, or nothing was heard of it for a while; its leases still run.
        case unreachable
        /// Not heard of within the timeout.
        case dead
        /// It said goodbye.
        case left
        /// It takes no more work, and ends when what it has is done.
        case draining
        /// Its key is not accepted any more.
        case revoked
    }

    public let node: NodeID
    /// The master's clock; never the same twice for one node.
    public let at: Timestamp
    public let kind: Kind
    /// Of the master that saw it.
    public let term: Int64
    public let slots: Int
    /// Bytes that all slots together may use.
    public let memory: Int64
    /// What else there is to say, for people.
    public let detail: String

    public init(
        node: NodeID, at: Timestamp, kind: Kind, term: Int64, slots: Int, memory: Int64, detail: String = ""
    ) {
        self.node = node
        self.at = at
        self.kind = kind
        self.term = term
        self.slots = slots
        self.memory = memory
        self.detail = detail
    }
}
