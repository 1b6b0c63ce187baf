/// What one node has done for one region of a job, or for its driver: a charge to the job's owner and an earning of the
/// node's. It grows with every accepted result, until it is paid.
public struct UsageEntry: Sendable, Equatable {
    public let id: UsageEntryID
    public let job: JobID
    /// nil: the driver.
    public let region: RegionID?
    /// nil: unknown.
    public let node: NodeID?
    /// Accepted results.
    public let chunks: Int64
    public let activeMicroseconds: Int64
    /// Over the active time.
    public let averageBytes: Int64
    public let amount: MicroUnits
    /// When the first of its results was accepted, and the last.
    public let firstAt: Timestamp
    public let lastAt: Timestamp
    public let isPaid: Bool

    public init(
        id: UsageEntryID, job: JobID, region: RegionID?, node: NodeID?, chunks: Int64, activeMicroseconds: Int64,
        averageBytes: Int64, amount: MicroUnits, firstAt: Timestamp, lastAt: Timestamp, isPaid: Bool
    ) {
        self.id = id
        self.job = job
        self.region = region
        self.node = node
        self.chunks = chunks
        self.activeMicroseconds = activeMicroseconds
        self.averageBytes = averageBytes
        self.amount = amount
        self.firstAt = firstAt
        self.lastAt = lastAt
        self.isPaid = isPaid
    }
}

public typealias UsageEntryID = Identifier<UsageEntry>
