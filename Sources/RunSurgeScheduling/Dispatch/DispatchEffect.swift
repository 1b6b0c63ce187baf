public import RunSurgeCore

/// What the dispatcher wants done. Effects of one event are carried out in their order.
public enum DispatchEffect: Sendable {
    // To workers
    case welcome(SessionID, keep: [LeaseToken], cancel: [LeaseToken])
    case assign(SessionID, [Assignment], contexts: [RegionDescription])
    case acknowledge(SessionID, [TokenVerdict])
    case cancel(SessionID, [LeaseToken], reason: String)
    /// Nothing more comes; what has not begun is to be given back.
    case drain(SessionID, reason: String)
    case answer(SessionID, RegionAnswer)
    case deliver(SessionID, driver: LeaseToken, RegionID, [ChunkOutcome])

    // To the store
    case recordLeases([LeaseRecord])
    /// To be answered by `committed`.
    case accept([ChunkResult], from: SessionID)
    case recordLosses([AttemptLoss])
    /// To be answered by `regionOpened` or `regionRefused`.
    case openRegion(RegionRequestKey, NewRegion)
    case closeRegion(RegionID, committed: Int64)
    /// To be answered by `resultsFetched` or `fetchFailed`.
    case fetchResults(RegionID, from: Int64, limit: Int)
    case releaseDriver(JobID, epoch: Int64)
    case failJob(JobID, reason: String)
    /// To be answered by `driverCommitted`.
    case finishJob(LeaseToken, from: SessionID, JobSummary)

    // To whoever watches
    case jobChanged(JobID, JobState, chunks: Int64, done: Int64)
    /// Attached, unreachable, draining, dead or left; not for what it holds.
    case nodeChanged(NodeStatus)
}

/// One unit of work for one worker.
public struct Assignment: Sendable {
    public enum Work: Sendable {
        case driver(DriverDescription)
        case chunk(Range<Int64>)
    }

    public let token: LeaseToken
    /// Limit of the process that runs it, in bytes.
    public let memory: Int64
    public let work: Work
}

/// What a driver process is started with.
public struct DriverDescription: Sendable {
    public let job: JobID
    public let specification: JobSpecification
    public let plan: Payload
    public let resume: [ResumePoint]
}

/// A region that an earlier driver of the job had handed over.
public struct ResumePoint: Sendable, Equatable {
    public let node: Int64
    public let entry: Int64
    public let prefixRecords: Int64
    public let modesJSON: [UInt8]

    public init(node: Int64, entry: Int64, prefixRecords: Int64, modesJSON: [UInt8]) {
        self.node = node
        self.entry = entry
        self.prefixRecords = prefixRecords
        self.modesJSON = modesJSON
    }
}

/// A region and the job that its chunks need to know.
public struct RegionDescription: Sendable {
    public let region: Region
    public let specification: JobSpecification
    public let plan: Payload
}

public struct RegionAnswer: Sendable, Equatable {
    public let key: RegionRequestKey
    /// nil: declined.
    public let region: RegionID?
    public let chunks: Int64
    public let reason: String
}

public struct TokenVerdict: Sendable, Equatable {
    public let token: LeaseToken
    public let verdict: ResultVerdict

    public init(token: LeaseToken, verdict: ResultVerdict) {
        self.token = token
        self.verdict = verdict
    }
}

/// What the dispatcher knows of a job at its end, for its report.
public struct JobSummary: Sendable, Equatable {
    /// By syntax node of the loop.
    public let loops: [Int64: LoopTotals]
    public let slots: Int
    public let pythonVersion: String
    /// Since its first driver was sent off, or since this master took it over.
    public let duration: Duration?
}

/// Over all entries of one loop.
public struct LoopTotals: Sendable, Equatable {
    /// Resident bytes predicted for the process of the largest chunk.
    public var predictedPeak: Int64 = 0
    /// The largest resident size of a process that ran one; 0: none was measured.
    public var measuredPeak: Int64 = 0
    /// Of accepted chunks.
    public var wallMicroseconds: Int64 = 0
    public var cpuMicroseconds: Int64 = 0
    /// The most pieces that one was run in for lack of memory, as far as this master knows; 1: all ran whole.
    public var mostParts: Int64 = 1

    public init() {}
}
