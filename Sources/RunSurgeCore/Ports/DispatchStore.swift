/// What the master's loops read and write. Every write is fenced by the term: `StoreError.fenced` when a newer
/// master has taken over.
public protocol DispatchStore: Sendable {
    /// Starts a new term, durably.
    func beginTerm() async throws -> Int64

    // Scheduler loop
    func submittedJobs(excluding known: Set<JobID>, limit: Int) async throws -> [Job]
    /// submitted → pending_schedule.
    func storePlan(_ plan: [UInt8], job: JobID, term: Int64) async throws
    /// Any unfinished state → failed.
    func failJob(_ id: JobID, reason: String, term: Int64) async throws
    /// Wakes when a job was submitted or cancelled; never later than `within`.
    func waitForWork(within: Duration) async throws

    // Dispatch loop
    /// Jobs in pending_schedule and running that are not in `known`, oldest first.
    func unfinishedJobs(excluding known: Set<JobID>, limit: Int) async throws -> [Job]
    func cancelledJobs(among known: Set<JobID>) async throws -> Set<JobID>
    /// All regions of a job, with the chunks that have a result and the last epoch of each other that was leased.
    func regions(of job: JobID) async throws -> [StoredRegion]
    /// Finds the region by (job, node, entry, digest), or creates it.
    func openRegion(_ region: NewRegion, term: Int64) async throws -> StoredRegion
    /// Records leases (not synchronously durable) and, for drivers, pending_schedule → running with the new epoch.
    func recordLeases(_ leases: [LeaseRecord], term: Int64) async throws
    /// Accepts results in one durable transaction, in the order given. One verdict each.
    func accept(_ results: [ChunkResult], term: Int64) async throws -> [ResultVerdict]
    /// Finishes a job by its driver's outcome, durably: running → completed, or failed when `failure` is given.
    func finish(_ result: DriverResult, term: Int64) async throws -> ResultVerdict
    /// running → pending_schedule after its driver was lost.
    func releaseDriver(of job: JobID, epoch: Int64, term: Int64) async throws
    /// Appends what is new beyond the stored length of each stream; returns the stored lengths.
    func appendLogs(_ segments: [LogAppend], term: Int64) async throws -> [Int64]
    /// Results of a region from chunk `from`, at most `limit`, in order of index (gaps are left out).
    func results(of region: RegionID, from: Int64, limit: Int) async throws -> [ChunkOutcome]
    func closeRegion(_ id: RegionID, committed: Int64, term: Int64) async throws
    /// (attempts, lost, outOfMemory, stale) of a job, from rows.
    func attempts(of job: JobID) async throws -> AttemptTotals
    /// Attempts that ended without a result.
    func recordLosses(_ losses: [AttemptLoss], term: Int64) async throws

    // Nodes
    /// In one transaction; one identifier each, in order. A node of the master's own machine is known by its name: the
    /// same owner and name is the same node, come back. Throws `StoreError.inconsistent` when an enrolled one is gone.
    func attachNodes(_ nodes: [NodeAttachment], term: Int64) async throws -> [NodeID]
    /// Those that shall be given nothing more.
    func drainingNodes() async throws -> Set<NodeID>
    /// Marks nodes as seen now, and those in `dead` as gone. Not synchronously durable.
    func recordNodes(seen: [NodeID], dead: [NodeID], term: Int64) async throws
    /// Appends to the nodes' history. Not synchronously durable.
    func appendNodeLog(_ entries: [NodeLogEntry], term: Int64) async throws
    /// Those that no master has found to be gone.
    func aliveNodes() async throws -> [Node]
}

extension DispatchStore {
    public func attachNode(
        name: String, owner: UserID?, slots: Int, memory: Int64, term: Int64
    ) async throws -> NodeID {
        let node = NodeAttachment(name: name, owner: owner, slots: slots, memory: memory)
        guard let id = try await attachNodes([node], term: term).first else {
            throw StoreError.inconsistent("a node was not stored")
        }
        return id
    }
}

/// A worker that comes to the master.
public struct NodeAttachment: Sendable {
    /// Whom its key speaks for; nil: it has none, and the name and owner tell which node it is.
    public let enrolled: NodeID?
    public let name: String
    public let owner: UserID?
    public let slots: Int
    /// Bytes that all slots together may use.
    public let memory: Int64

    public init(enrolled: NodeID? = nil, name: String, owner: UserID?, slots: Int, memory: Int64) {
        self.enrolled = enrolled
        self.name = name
        self.owner = owner
        self.slots = slots
        self.memory = memory
    }
}

public struct StoredRegion: Sendable {
    public let region: Region
    /// Ascending.
    public let completed: [Int64]
    public let epochs: [Int64: Int64]
    public let isClosed: Bool
    public let spent: Spent

    /// Over the completed chunks.
    public struct Spent: Sendable, Equatable {
        /// Of the largest process.
        public var peakBytes: Int64 = 0
        public var wallMicroseconds: Int64 = 0
        public var cpuMicroseconds: Int64 = 0

        public init() {}

        public init(peakBytes: Int64, wallMicroseconds: Int64, cpuMicroseconds: Int64) {
            self.peakBytes = peakBytes
            self.wallMicroseconds = wallMicroseconds
            self.cpuMicroseconds = cpuMicroseconds
        }
    }

    public init(
        region: Region, completed: [Int64], epochs: [Int64: Int64], isClosed: Bool, spent: Spent = Spent()
    ) {
        self.spent = spent
        self.region = region
        self.completed = completed
        self.epochs = epochs
        self.isClosed = isClosed
    }
}

/// A region before it has an identifier; the fields are those of `Region`.
public struct NewRegion: Sendable {
    public let job: JobID
    public let node: Int64
    public let line: Int64
    public let entry: Int64
    public let digest: [UInt8]
    public let sourceJSON: [UInt8]
    public let modesJSON: [UInt8]
    public let environment: Payload
    public let blobs: [BlobReference]
    public let ranges: ChunkRanges
    public let prefixRecords: Int64
    public let predictedPeak: Int64

    public init(
        job: JobID, node: Int64, line: Int64, entry: Int64, digest: [UInt8], sourceJSON: [UInt8], modesJSON: [UInt8],
        environment: Payload, blobs: [BlobReference], ranges: ChunkRanges, prefixRecords: Int64, predictedPeak: Int64
    ) {
        self.job = job
        self.node = node
        self.line = line
        self.entry = entry
        self.digest = digest
        self.sourceJSON = sourceJSON
        self.modesJSON = modesJSON
        self.environment = environment
        self.blobs = blobs
        self.ranges = ranges
        self.prefixRecords = prefixRecords
        self.predictedPeak = predictedPeak
    }
}

public struct LeaseRecord: Sendable {
    public let token: LeaseToken
    public let node: NodeID

    public init(token: LeaseToken, node: NodeID) {
        self.token = token
        self.node = node
    }
}

public struct ChunkResult: Sendable {
    public let token: LeaseToken
    public let node: NodeID?
    public let outcome: ChunkOutcome

    public init(token: LeaseToken, node: NodeID?, outcome: ChunkOutcome) {
        self.token = token
        self.node = node
        self.outcome = outcome
    }
}

public struct DriverResult: Sendable {
    public let token: LeaseToken
    public let outcome: JobOutcome?
    /// Why RunSurge could not run the script to its end.
    public let failure: String?
    /// What is charged for it; nil: nothing.
    public let usage: DriverUsage?

    public init(token: LeaseToken, outcome: JobOutcome?, failure: String?, usage: DriverUsage? = nil) {
        self.token = token
        self.outcome = outcome
        self.failure = failure
        self.usage = usage
    }
}

/// What the agent measured of a driver.
public struct DriverUsage: Sendable, Equatable {
    public let node: NodeID
    /// User and system time: what it waits for its chunks is not charged.
    public let activeMicroseconds: Int64
    /// Resident.
    public let averageBytes: Int64

    public init(node: NodeID, activeMicroseconds: Int64, averageBytes: Int64) {
        self.node = node
        self.activeMicroseconds = max(0, activeMicroseconds)
        self.averageBytes = max(0, averageBytes)
    }

    /// In KiB × microseconds.
    public var memoryTime: Int64 { Tariff.memoryTime(bytes: averageBytes, microseconds: activeMicroseconds) }
}

public struct LogAppend: Sendable {
    public let job: JobID
    public let epoch: Int64
    public let stream: LogStream
    public let offset: Int64
    public let bytes: [UInt8]

    public init(job: JobID, epoch: Int64, stream: LogStream, offset: Int64, bytes: [UInt8]) {
        self.job = job
        self.epoch = epoch
        self.stream = stream
        self.offset = offset
        self.bytes = bytes
    }
}

public struct AttemptLoss: Sendable {
    public enum Cause: Int16, Sendable { case lost = 1, crashed = 2, outOfMemory = 3, fault = 4 }
    public let token: LeaseToken
    public let cause: Cause

    public init(token: LeaseToken, cause: Cause) {
        self.token = token
        self.cause = cause
    }
}

public struct AttemptTotals: Sendable, Equatable {
    public let total: Int64
    public let lost: Int64
    public let outOfMemory: Int64
    public let stale: Int64

    public init(total: Int64, lost: Int64, outOfMemory: Int64, stale: Int64) {
        self.total = total
        self.lost = lost
        self.outOfMemory = outOfMemory
        self.stale = stale
    }
}

/// What became of a result.
public enum ResultVerdict: Int16, Sendable {
    case accepted = 1
    /// The same result again.
    case duplicate = 2
    /// Its lease has been given to somebody else, or the work is no longer wanted.
    case stale = 3
}
