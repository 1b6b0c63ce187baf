/// A group as REST shows it: the original's GroupRead and what is new beside it. Times are ISO 8601 in UTC.
public struct GroupView: Sendable, Codable, Equatable {
    public let groupID: JobGroupID
    public let groupName: String
    public let pythonFileName: String
    public let numberOfJobs: Int
    public let createdAt: String
    public let aggregatorFileName: String
    public let status: GroupState
    public let paymentStatus: PaymentStatus
    /// So far, with the jobs that were replaced and the aggregator.
    public let paymentAmount: Amount
    public let jobs: [GroupMemberView]
    public let finishedAt: String?
    public let isCancelled: Bool
    /// Why it failed.
    public let failure: String?
    /// The job that runs the aggregator; nil before it was begun.
    public let aggregationJobID: JobID?
    /// What the scan of the script and of the aggregator had to say when they were taken; nil later: each job shows it.
    public let findings: [ScanFinding]?

    /// - Parameters:
    ///   - bill: nil: nothing was done for it yet.
    ///   - amounts: what its members cost so far.
    public init(
        _ detail: GroupDetail, bill: Bill? = nil, amounts: [JobID: MicroUnits] = [:], findings: [ScanFinding]? = nil
    ) {
        let group = detail.group
        groupID = group.id
        groupName = group.name
        pythonFileName = group.scriptName
        numberOfJobs = group.memberCount
        createdAt = group.createdAt.iso8601
        aggregatorFileName = group.aggregatorName
        status = group.state
        paymentStatus = PaymentStatus(isPaid: bill?.paidAt != nil)
        paymentAmount = Amount(bill?.amount ?? 0)
        jobs = detail.members.map { GroupMemberView($0, amount: amounts[$0.job] ?? 0) }
        finishedAt = group.finishedAt?.iso8601
        isCancelled = group.isCancelled
        failure = group.failure
        aggregationJobID = group.aggregation
        self.findings = findings
    }

    private enum CodingKeys: String, CodingKey {
        case groupID = "group_id"
        case groupName = "group_name"
        case pythonFileName = "python_file_name"
        case numberOfJobs = "num_of_jobs"
        case createdAt = "created_at"
        case aggregatorFileName = "aggregator_file_name"
        case status
        case paymentStatus = "payment_status"
        case paymentAmount = "payment_amount"
        case jobs
        case finishedAt = "finished_at"
        case isCancelled = "is_cancelled"
        case failure
        case aggregationJobID = "aggregation_job_id"
        case findings
    }
}

/// A member of a group.
public struct GroupMemberView: Sendable, Codable, Equatable {
    public let groupID: JobGroupID
    public let jobID: JobID
    public let status: JobState
    /// Of its archive, as its uploader calls it; nil before the first piece.
    public let inputFileName: String?
    public let paymentAmount: Amount
    /// From 1; a member that is retried keeps it.
    public let number: Int
    /// Bytes that its worker must have; nil: any will do.
    public let requiredRAM: Int64?
    /// As a shell reports it; nil until the script has ended.
    public let exitStatus: Int32?
    /// Why RunSurge could not run it to its end.
    public let failure: String?

    public init(_ member: GroupMember, amount: MicroUnits) {
        groupID = member.group
        jobID = member.job
        status = member.state
        inputFileName = member.archiveName
        paymentAmount = Amount(amount)
        number = member.ordinal
        requiredRAM = member.requiredMemory
        exitStatus = member.exitStatus
        failure = member.failure
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(groupID, forKey: .groupID)
        try container.encode(jobID, forKey: .jobID)
        try container.encode(status, forKey: .status)
        // Not left out when nil: the original's client looks for the key.
        try container.encode(inputFileName, forKey: .inputFileName)
        try container.encode(paymentAmount, forKey: .paymentAmount)
        try container.encode(number, forKey: .number)
        try container.encodeIfPresent(requiredRAM, forKey: .requiredRAM)
        try container.encodeIfPresent(exitStatus, forKey: .exitStatus)
        try container.encodeIfPresent(failure, forKey: .failure)
    }

    private enum CodingKeys: String, CodingKey {
        case groupID = "group_id"
        case jobID = "job_id"
        case status
        case inputFileName = "input_file_name"
        case paymentAmount = "payment_amount"
        case number
        case requiredRAM = "required_ram"
        case exitStatus = "exit_status"
        case failure
    }
}

/// Answer to a group's cancellation.
public struct GroupCancellationView: Sendable, Codable, Equatable {
    public let groupID: JobGroupID
    /// False when it had ended already.
    public let success: Bool
    public let message: String

    public init(groupID: JobGroupID, success: Bool) {
        self.groupID = groupID
        self.success = success
        message = success ? "The group is cancelled." : "The group had ended already."
    }

    private enum CodingKeys: String, CodingKey {
        case groupID = "group_id"
        case success, message
    }
}
