public import RunSurgeCore

/// Names one connection of one worker process; fresh with every reconnect.
public typealias SessionID = UInt64

/// What the dispatcher learns. Everything in it has been checked for form, nothing for truth.
public enum DispatchEvent: Sendable {
    // From the store
    case jobLoaded(LoadedJob)
    case jobsCancelled(Set<JobID>)
    case regionOpened(RegionRequestKey, StoredRegion)
    case regionRefused(RegionRequestKey, reason: String)
    case committed([ResultVerdictRecord])
    case driverCommitted(LeaseToken, session: SessionID, ResultVerdict)
    case resultsFetched(RegionID, from: Int64, [ChunkOutcome])
    case fetchFailed(RegionID)

    // From workers
    case hello(WorkerHello)
    case pull(SessionID, WorkerPull)
    case goodbye(SessionID)
    /// A message to the session could not be routed: its connection is gone.
    case unreachable(SessionID)
    case nack(SessionID, LeaseToken)
    /// These are being executed.
    case started(SessionID, [LeaseToken])
    /// A sign of life that renews nothing.
    case heard(SessionID)
    case regionRequested(SessionID, RegionOffer)
    case regionProgress(SessionID, driver: LeaseToken, RegionID, committed: Int64, windowBytes: Int64)
    case regionClosed(SessionID, driver: LeaseToken, RegionID, committed: Int64)
    case results(SessionID, [ChunkResult])
    case driverEnded(SessionID, LeaseToken, DriverEnd)

    // From whoever runs the cluster
    /// The session is given nothing more and gives back what it has not begun.
    case drain(SessionID, reason: String)
    /// The node's key is not good any more: whatever it holds waits again.
    case revoked(NodeID)

    // From the clock and the process
    case tick
    /// Nothing more is assigned; what runs may end.
    case stopAssigning
}

/// An unfinished job with all that the store knows of it.
public struct LoadedJob: Sendable {
    public let job: Job
    /// The plan as it travels to the workers.
    public let plan: Payload
    public let regions: [StoredRegion]
    /// Modules beyond the standard library that the script imports. Those that no worker has are not waited for.
    public let modules: Set<String>

    public init(job: Job, plan: Payload, regions: [StoredRegion], modules: Set<String> = []) {
        self.job = job
        self.plan = plan
        self.regions = regions
        self.modules = modules
    }
}

public struct WorkerHello: Sendable {
    public let session: SessionID
    public let node: NodeID
    public let slots: Int
    /// Bytes that all slots together may use.
    public let memory: Int64
    public let pythonVersion: String
    /// That can be imported, beyond the standard library.
    public let modules: Set<String>
    public let held: [LeaseToken]

    public init(
        session: SessionID, node: NodeID, slots: Int, memory: Int64, pythonVersion: String,
        modules: Set<String> = [], held: [LeaseToken]
    ) {
        self.session = session
        self.node = node
        self.slots = slots
        self.memory = memory
        self.pythonVersion = pythonVersion
        self.modules = modules
        self.held = held
    }
}

/// Absolute credit: what the worker could take beyond what it holds.
public struct WorkerPull: Sendable {
    public let freeSlots: Int
    public let prefetch: Int
    public let freeMemory: Int64
    public let held: [LeaseToken]
    public let sequence: UInt64

    public init(freeSlots: Int, prefetch: Int, freeMemory: Int64, held: [LeaseToken], sequence: UInt64) {
        self.freeSlots = freeSlots
        self.prefetch = prefetch
        self.freeMemory = freeMemory
        self.held = held
        self.sequence = sequence
    }
}

public struct RegionRequestKey: Hashable, Sendable {
    public let driver: LeaseToken
    /// Unique within the driver's attempt.
    public let request: UInt64

    public init(driver: LeaseToken, request: UInt64) {
        self.driver = driver
        self.request = request
    }
}

/// The remainder of a loop that a driver offers to hand over.
public struct RegionOffer: Sendable {
    public let key: RegionRequestKey
    public let node: Int64
    public let line: Int64
    public let entry: Int64
    public let digest: [UInt8]
    public let sourceJSON: [UInt8]
    public let modesJSON: [UInt8]
    public let demand: ChunkPlanner.Demand
    public let prefixRecords: Int64
    public let environment: Payload
    public let blobs: [BlobReference]

    public init(
        key: RegionRequestKey, node: Int64, line: Int64, entry: Int64, digest: [UInt8], sourceJSON: [UInt8],
        modesJSON: [UInt8], demand: ChunkPlanner.Demand, prefixRecords: Int64, environment: Payload,
        blobs: [BlobReference]
    ) {
        self.key = key
        self.node = node
        self.line = line
        self.entry = entry
        self.digest = digest
        self.sourceJSON = sourceJSON
        self.modesJSON = modesJSON
        self.demand = demand
        self.prefixRecords = prefixRecords
        self.environment = environment
        self.blobs = blobs
    }
}

/// How a driver's attempt ended.
public enum DriverEnd: Sendable, Equatable {
    /// The script came to its end, whatever its exit status.
    case finished
    case failed(AttemptLoss.Cause, reason: String)
}

/// A result, who sent it, and what the store said; nil: the store can't hold it.
public struct ResultVerdictRecord: Sendable {
    public let result: ChunkResult
    public let session: SessionID
    public let verdict: ResultVerdict?

    public init(result: ChunkResult, session: SessionID, verdict: ResultVerdict?) {
        self.result = result
        self.session = session
        self.verdict = verdict
    }
}
