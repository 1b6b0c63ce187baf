/// What nodes have earned.
public struct Earnings: Sendable, Equatable {
    public let paid: MicroUnits
    public let pending: MicroUnits
    /// Of both.
    public var total: MicroUnits { paid + pending }

    public init(paid: MicroUnits, pending: MicroUnits) {
        self.paid = paid
        self.pending = pending
    }
}

/// Counts over the whole store.
public struct Statistics: Sendable, Equatable {
    public let users: Int64
    public let nodes: Int64
    public let aliveNodes: Int64
    public let jobs: Int64
    public let groups: Int64
    /// Accepted results, drivers' among them.
    public let chunks: Int64
    public let earnings: MicroUnits

    public init(
        users: Int64, nodes: Int64, aliveNodes: Int64, jobs: Int64, groups: Int64, chunks: Int64, earnings: MicroUnits
    ) {
        self.users = users
        self.nodes = nodes
        self.aliveNodes = aliveNodes
        self.jobs = jobs
        self.groups = groups
        self.chunks = chunks
        self.earnings = earnings
    }
}
