/// What one node did for one region of a job, or for its driver, as whoever pays for it sees it.
public struct ChargedTaskView: Sendable, Codable, Equatable {
    public let taskID: UsageEntryID
    /// Seconds.
    public let totalActiveTime: Double
    /// Over the active time.
    public let averageMemoryBytes: Int64
    public let amount: Amount
    /// Accepted results.
    public let chunks: Int64

    public init(_ entry: UsageEntry) {
        taskID = entry.id
        totalActiveTime = Double(entry.activeMicroseconds) / 1_000_000
        averageMemoryBytes = entry.averageBytes
        amount = Amount(entry.amount)
        chunks = entry.chunks
    }

    private enum CodingKeys: String, CodingKey {
        case taskID = "task_id"
        case totalActiveTime = "total_active_time"
        case averageMemoryBytes = "avg_memory_bytes"
        case amount = "task_payment_amount"
        case chunks
    }
}

/// Answer to `GET` and `POST /api/job/{id}/payment`.
public struct PaymentView: Sendable, Codable {
    public let jobID: JobID
    public let amount: Amount
    public let status: PaymentStatus
    public let paymentDate: String?
    /// All of them; `tasks` is a page, newest first.
    public let numberOfTasks: Int
    public let tasks: [ChargedTaskView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(_ bill: Bill, job: JobID, tasks: [UsageEntry], nextCursor: String?) {
        jobID = job
        amount = Amount(bill.amount)
        status = PaymentStatus(isPaid: bill.paidAt != nil)
        paymentDate = bill.paidAt?.iso8601
        numberOfTasks = bill.entryCount
        self.tasks = tasks.map(ChargedTaskView.init)
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case amount, status, tasks
        case paymentDate = "payment_date"
        case numberOfTasks = "num_of_tasks"
        case nextCursor = "next_cursor"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(jobID, forKey: .jobID)
        try container.encode(amount, forKey: .amount)
        try container.encode(status, forKey: .status)
        // Not left out when nil: the original's client looks for the key.
        try container.encode(paymentDate, forKey: .paymentDate)
        try container.encode(numberOfTasks, forKey: .numberOfTasks)
        try container.encode(tasks, forKey: .tasks)
        try container.encodeIfPresent(nextCursor, forKey: .nextCursor)
    }
}

/// Answer to `POST /api/group/{id}/payment`.
public struct GroupPaymentView: Sendable, Codable {
    public let message: String
    public let success: Bool
    public let groupID: JobGroupID
    public let amount: Amount
    public let paymentDate: String?

    public init(_ bill: Bill, group: JobGroupID) {
        message = "The group is paid."
        success = true
        groupID = group
        amount = Amount(bill.amount)
        paymentDate = bill.paidAt?.iso8601
    }

    private enum CodingKeys: String, CodingKey {
        case message, success, amount
        case groupID = "group_id"
        case paymentDate = "payment_date"
    }
}

/// Answer to `GET /api/statistics/`.
public struct StatisticsView: Sendable, Codable, Equatable {
    public let nodes: Int64
    public let earnings: Amount
    public let aliveNodes: Int64
    public let users: Int64
    public let jobs: Int64
    public let groups: Int64
    /// Accepted results, drivers' among them.
    public let chunks: Int64

    public init(_ statistics: Statistics) {
        nodes = statistics.nodes
        earnings = Amount(statistics.earnings)
        aliveNodes = statistics.aliveNodes
        users = statistics.users
        jobs = statistics.jobs
        groups = statistics.groups
        chunks = statistics.chunks
    }

    private enum CodingKeys: String, CodingKey {
        case nodes, earnings, users, jobs, groups, chunks
        case aliveNodes = "alive_nodes"
    }
}
