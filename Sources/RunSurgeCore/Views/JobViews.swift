/// A job as REST shows it: the original's JobRead and what is new beside it. Times are ISO 8601 in UTC.
public struct JobView: Sendable, Codable, Equatable {
    public let jobID: JobID
    public let status: JobState
    public let createdAt: String
    public let jobName: String
    public let jobType: JobKind
    public let scriptName: String
    /// As its uploader calls it.
    public let inputFileName: String?
    /// So far; nil where it is not asked for, as in lists.
    public let paymentAmount: Amount?
    /// Whose member or aggregator it is, or was.
    public let groupID: JobGroupID?
    public let startedAt: String?
    public let finishedAt: String?
    /// As a shell reports it; nil until the script has ended.
    public let exitStatus: Int32?
    /// Why RunSurge could not run it to its end.
    public let failure: String?
    public let hashSeed: UInt32
    public let priority: Int
    /// What the scan of its code had to say.
    public let findings: [ScanFinding]

    public init(_ job: JobOverview) {
        let facts = job.facts
        jobID = job.id
        status = job.state
        createdAt = job.createdAt.iso8601
        jobName = facts.name
        jobType = facts.kind ?? .simple
        scriptName = facts.scriptName
        // What was uploaded lies where its script looks for it, under another name perhaps.
        inputFileName = facts.kind == nil ? facts.inputName : job.uploadName
        paymentAmount = job.amount.map { Amount($0) }
        groupID = job.group
        startedAt = job.startedAt?.iso8601
        finishedAt = job.finishedAt?.iso8601
        exitStatus = job.exitStatus
        failure = job.failure
        hashSeed = facts.hashSeed
        priority = facts.priority
        findings = facts.findings
    }

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case status
        case createdAt = "created_at"
        case jobName = "job_name"
        case jobType = "job_type"
        case scriptName = "script_name"
        case inputFileName = "input_file_name"
        case paymentAmount = "payment_amount"
        case groupID = "group_id"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case exitStatus = "exit_status"
        case failure
        case hashSeed = "hash_seed"
        case priority, findings
    }
}

/// One page of the caller's jobs, newest first.
public struct JobListView: Sendable, Codable {
    public let jobs: [JobView]
    public let message: String
    public let success: Bool
    /// `before` of the next page; nil on the last.
    public let nextBefore: JobID?
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(jobs: [JobView], nextBefore: JobID?, nextCursor: String?) {
        self.jobs = jobs
        self.message = "\(jobs.count) jobs."
        self.success = true
        self.nextBefore = nextBefore
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case jobs, message, success
        case nextBefore = "next_before"
        case nextCursor = "next_cursor"
    }
}

/// Answer to a cancellation.
public struct CancellationView: Sendable, Codable {
    public let jobID: JobID
    /// False when the job had ended already.
    public let success: Bool
    public let message: String

    public init(jobID: JobID, success: Bool, message: String) {
        self.jobID = jobID
        self.success = success
        self.message = message
    }

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case success, message
    }
}

/// One region of a job's script.
public struct RegionView: Sendable, Codable, Equatable {
    public let regionID: RegionID
    public let node: Int64
    public let line: Int64
    public let entry: Int64
    public let chunks: Int64
    public let completed: Int64
    public let records: Int64
    public let predictedPeakBytes: Int64
    public let measuredPeakBytes: Int64

    public init(_ region: RegionSummary) {
        regionID = region.id
        node = region.node
        line = region.line
        entry = region.entry
        chunks = region.chunks
        completed = region.completed
        records = region.records
        predictedPeakBytes = region.predictedPeak
        measuredPeakBytes = region.measuredPeak
    }

    private enum CodingKeys: String, CodingKey {
        case regionID = "region_id"
        case node, line, entry, chunks, completed, records
        case predictedPeakBytes = "predicted_peak_bytes"
        case measuredPeakBytes = "measured_peak_bytes"
    }
}

public struct RegionListView: Sendable, Codable {
    public let jobID: JobID
    public let regions: [RegionView]

    public init(jobID: JobID, regions: [RegionView]) {
        self.jobID = jobID
        self.regions = regions
    }

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case regions
    }
}
