/// One submitted script and where it stands.
public struct Job: Sendable {
    public let id: JobID
    public let owner: UserID
    public let specification: JobSpecification
    public let state: JobState
    public let createdAt: Timestamp
    public let startedAt: Timestamp?
    public let finishedAt: Timestamp?
    /// The analyser's plan as JSON; nil until it is analysed.
    public let plan: [UInt8]?
    public let outcome: JobOutcome?
    /// Why it failed, a sentence for its owner.
    public let failure: String?
    /// Leases of its driver so far.
    public let driverEpoch: Int64
    /// False while its files are awaited: it is `submitted`, and nobody plans it.
    public let isReady: Bool
    /// Whose member or aggregator it is, or was.
    public let group: JobGroupID?

    public init(
        id: JobID, owner: UserID, specification: JobSpecification, state: JobState, createdAt: Timestamp,
        startedAt: Timestamp?, finishedAt: Timestamp?, plan: [UInt8]?, outcome: JobOutcome?, failure: String?,
        driverEpoch: Int64, isReady: Bool = true, group: JobGroupID? = nil
    ) {
        self.id = id
        self.owner = owner
        self.specification = specification
        self.state = state
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.plan = plan
        self.outcome = outcome
        self.failure = failure
        self.driverEpoch = driverEpoch
        self.isReady = isReady
        self.group = group
    }
}

/// What a completed script left behind.
public struct JobOutcome: Sendable, Codable, Equatable {
    /// As a shell reports it: 128 + signal number when the script was killed by a signal.
    public let exitStatus: Int32
    public let standardOutput: BlobReference
    public let standardError: BlobReference
    /// Files created or changed below the working directory.
    public let outputs: [FileEntry]
    /// Inputs below the working directory that the script removed.
    public let deleted: [String]
    /// The run report, JSON.
    public let report: [UInt8]

    public init(
        exitStatus: Int32, standardOutput: BlobReference, standardError: BlobReference, outputs: [FileEntry],
        deleted: [String], report: [UInt8]
    ) {
        self.exitStatus = exitStatus
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.outputs = outputs
        self.deleted = deleted
        self.report = report
    }
}
