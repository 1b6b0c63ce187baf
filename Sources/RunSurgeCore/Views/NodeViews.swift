/// Body of `POST /api/node/`: what the original's client sends. Only the name counts: what a machine is able to do is
/// measured when it is attached.
public struct NodeRequest: Sendable, Codable {
    public let nodeName: String

    public init(nodeName: String) { self.nodeName = nodeName }

    private enum CodingKeys: String, CodingKey { case nodeName = "node_name" }
}

/// Answer to `GET /api/users/nodes`.
public struct OwnNodesView: Sendable, Codable {
    public let totalEarnings: Amount
    public let paidEarnings: Amount
    public let pendingEarnings: Amount
    /// All of them; `nodes` is a page, newest first.
    public let numberOfNodes: Int
    public let nodes: [NodeView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(earnings: Earnings, count: Int, nodes: [NodeView], nextCursor: String?) {
        totalEarnings = Amount(earnings.total)
        paidEarnings = Amount(earnings.paid)
        pendingEarnings = Amount(earnings.pending)
        numberOfNodes = count
        self.nodes = nodes
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case nodes
        case totalEarnings = "total_earnings"
        case paidEarnings = "paid_earnings"
        case pendingEarnings = "pending_earnings"
        case numberOfNodes = "number_of_nodes"
        case nextCursor = "next_cursor"
    }
}

/// What a node did for one region of a job, or for its driver, as the node's owner sees it.
public struct EarningTaskView: Sendable, Codable, Equatable {
    public let taskID: UsageEntryID
    /// When the first of its results was accepted.
    public let startedAt: String
    /// When the last of its results was accepted.
    public let completedAt: String
    /// Seconds.
    public let totalActiveTime: Double
    /// Over the active time.
    public let averageMemoryBytes: Int64
    public let status: JobState
    public let earningAmount: Amount
    public let earningStatus: PaymentStatus
    /// Accepted results.
    public let chunks: Int64

    public init(_ entry: UsageEntry) {
        taskID = entry.id
        startedAt = entry.firstAt.iso8601
        completedAt = entry.lastAt.iso8601
        totalActiveTime = Double(entry.activeMicroseconds) / 1_000_000
        averageMemoryBytes = entry.averageBytes
        status = .completed
        earningAmount = Amount(entry.amount)
        earningStatus = PaymentStatus(isPaid: entry.isPaid)
        chunks = entry.chunks
    }

    private enum CodingKeys: String, CodingKey {
        case status, chunks
        case taskID = "task_id"
        case startedAt = "started_at"
        case completedAt = "completed_at"
        case totalActiveTime = "total_active_time"
        case averageMemoryBytes = "avg_memory_bytes"
        case earningAmount = "earning_amount"
        case earningStatus = "earning_status"
    }
}

/// Answer to `GET /api/node/{id}`.
public struct NodeDetailView: Sendable, Codable {
    public let nodeID: NodeID
    public let isAlive: Bool
    public let totalEarnings: Amount
    /// Chunks.
    public let completedTasks: Int64
    /// A page, newest first.
    public let tasks: [EarningTaskView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(_ node: Node, earned: MicroUnits, tasks: [UsageEntry], nextCursor: String?) {
        nodeID = node.id
        isAlive = node.isAlive
        totalEarnings = Amount(earned)
        completedTasks = node.completedChunks
        self.tasks = tasks.map(EarningTaskView.init)
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case tasks
        case nodeID = "node_id"
        case isAlive = "is_alive"
        case totalEarnings = "total_node_earnings"
        case completedTasks = "num_of_completed_tasks"
        case nextCursor = "next_cursor"
    }
}

/// Body of `PUT /api/node/{id}/factor`.
public struct FactorRequest: Sendable, Codable {
    /// Work on the node shall cost this many times as much as usual; thousandths count.
    public let factor: Double

    public init(factor: Double) { self.factor = factor }
}

/// Answer to `PUT /api/node/{id}/factor`.
public struct FactorView: Sendable, Codable, Equatable {
    /// Work on the node costs this many times as much as usual; thousandths count.
    public let factor: Double

    public init(factor: Double) { self.factor = factor }
}
