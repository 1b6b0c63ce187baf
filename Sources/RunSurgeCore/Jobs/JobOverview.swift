/// A job as its owner is shown it: where it stands, without what is long.
public struct JobOverview: Sendable, Hashable {
    public let id: JobID
    public let owner: UserID
    public let state: JobState
    public let createdAt: Timestamp
    public let startedAt: Timestamp?
    public let finishedAt: Timestamp?
    /// As a shell reports it; nil until the script has ended.
    public let exitStatus: Int32?
    /// Why it failed, a sentence for its owner.
    public let failure: String?
    /// Whose member or aggregator it is, or was.
    public let group: JobGroupID?
    public let facts: JobFacts
    /// Of the file that was uploaded for it, as its uploader calls it; nil: there is none.
    public let uploadName: String?
    /// What it costs so far; nil where it is not asked for.
    public let amount: MicroUnits?

    public init(
        id: JobID, owner: UserID, state: JobState, createdAt: Timestamp, startedAt: Timestamp?, finishedAt: Timestamp?,
        exitStatus: Int32?, failure: String?, group: JobGroupID?, facts: JobFacts, uploadName: String?,
        amount: MicroUnits?
    ) {
        self.id = id
        self.owner = owner
        self.state = state
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.exitStatus = exitStatus
        self.failure = failure
        self.group = group
        self.facts = facts
        self.uploadName = uploadName
        self.amount = amount
    }

    /// A job that nothing was uploaded for yet.
    public init(_ job: Job, amount: MicroUnits? = nil) {
        self.init(
            id: job.id, owner: job.owner, state: job.state, createdAt: job.createdAt, startedAt: job.startedAt,
            finishedAt: job.finishedAt, exitStatus: job.outcome?.exitStatus, failure: job.failure, group: job.group,
            facts: JobFacts(job.specification), uploadName: nil, amount: amount)
    }
}

/// What an overview says of a specification.
public struct JobFacts: Sendable, Hashable {
    public let name: String
    /// What the original system calls its type; nil: its files came with it.
    public let kind: JobKind?
    public let scriptName: String
    /// Of the first of its inputs.
    public let inputName: String?
    public let hashSeed: UInt32
    public let priority: Int
    public let findings: [ScanFinding]

    public init(_ specification: JobSpecification) {
        name = specification.name
        kind = specification.kind
        scriptName = JobPath.lastComponent(specification.script.path)
        inputName = specification.inputs.first.map { JobPath.lastComponent($0.path) }
        hashSeed = specification.hashSeed
        priority = specification.priority
        findings = specification.findings ?? []
    }
}
