/// Jobs as the facade and its users see them. Every query carries the owner.
public protocol JobStore: Sendable {
    /// Durable when it returns. The blobs must exist already.
    /// - Parameter awaitsUpload: the specification is a draft; the job is not planned until `UploadStore.start`.
    func createJob(
        _ specification: JobSpecification, owner: UserID, awaitsUpload: Bool, idempotency: Idempotency<Job>?
    ) async throws -> Once<Job>
    func job(_ id: JobID, owner: UserID) async throws -> Job?
    /// With what it costs so far. Made for many callers at a time.
    func overview(of id: JobID, owner: UserID) async throws -> JobOverview?
    /// Whoever owns it; lets the facade tell 403 from 404 as the original surface does.
    func ownerOfJob(_ id: JobID) async throws -> UserID?
    /// Newest first, those older than `before`; without those of groups.
    func overviews(owner: UserID, before: JobID?, limit: Int) async throws -> [JobOverview]
    /// - Returns: false when it had ended already.
    func requestCancel(_ id: JobID, owner: UserID) async throws -> Bool
    /// The stored part of a stream from `offset`; empty when there is nothing (yet).
    func log(of id: JobID, owner: UserID, stream: LogStream, offset: Int64, limit: Int) async throws -> [UInt8]
    func regions(of id: JobID, owner: UserID) async throws -> [RegionSummary]
    /// Chunks that have a result which is still kept, by falling position, those before `before`.
    func chunks(of id: JobID, owner: UserID, before: ChunkPosition?, limit: Int) async throws -> [ChunkSummary]
    /// Whether `owner` has a job or a group that names this blob.
    func mayRead(blob sha256: String, owner: UserID) async throws -> BlobReference?

    func nodes(owner: UserID?) async throws -> [Node]
    /// Newest first, those older than `before`.
    func nodes(owner: UserID?, before: NodeID?, limit: Int) async throws -> [Node]
    /// Whoever owns it.
    func node(_ id: NodeID) async throws -> Node?
    /// The history of a node of this owner, newest first, before a moment.
    func nodeLog(of id: NodeID, owner: UserID?, before: Timestamp?, limit: Int) async throws -> [NodeLogEntry]
    /// Lets a node of this owner (nil: of the cluster) take nothing more, or work again. Durable when it returns.
    /// - Returns: false when there is no such node.
    func setDraining(_ node: NodeID, owner: UserID?, to isDraining: Bool) async throws -> Bool
    /// Wakes when a job's row or log changed; may wake without reason, and never later than `within`.
    func waitForChange(of id: JobID, within: Duration) async throws
    /// A cheap round trip, for readiness.
    func ping() async throws
}

extension JobStore {
    /// A job that is complete already.
    public func createJob(_ specification: JobSpecification, owner: UserID) async throws -> Job {
        try await createJob(specification, owner: owner, awaitsUpload: false, idempotency: nil).performedValue
    }
}

/// One region as its owner sees it.
public struct RegionSummary: Sendable, Codable {
    public let id: RegionID
    public let node: Int64
    public let line: Int64
    public let entry: Int64
    public let chunks: Int64
    public let completed: Int64
    public let records: Int64
    public let predictedPeak: Int64
    public let measuredPeak: Int64

    public init(
        id: RegionID, node: Int64, line: Int64, entry: Int64, chunks: Int64, completed: Int64, records: Int64,
        predictedPeak: Int64, measuredPeak: Int64
    ) {
        self.id = id
        self.node = node
        self.line = line
        self.entry = entry
        self.chunks = chunks
        self.completed = completed
        self.records = records
        self.predictedPeak = predictedPeak
        self.measuredPeak = measuredPeak
    }
}
