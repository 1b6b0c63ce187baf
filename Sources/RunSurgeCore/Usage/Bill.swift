/// What is paid for as a whole.
public enum BillSubject: Sendable, Hashable {
    /// One that belongs to no group.
    case job(JobID)
    /// With all jobs it ever had: members, those that were replaced, and the aggregator.
    case group(JobGroupID)
}

/// What a job or a group costs.
public struct Bill: Sendable, Equatable {
    public let subject: BillSubject
    /// So far; final once it is paid.
    public let amount: MicroUnits
    public let entryCount: Int
    /// Whether it has ended, so that it can be paid.
    public let isDue: Bool
    /// nil: unpaid.
    public let paidAt: Timestamp?

    public init(subject: BillSubject, amount: MicroUnits, entryCount: Int, isDue: Bool, paidAt: Timestamp?) {
        self.subject = subject
        self.amount = amount
        self.entryCount = entryCount
        self.isDue = isDue
        self.paidAt = paidAt
    }
}

/// Why nothing was paid.
public enum BillRefusal: Error, Equatable {
    /// There is no such job or group of this owner, or the job belongs to a group.
    case unknown
    /// It has not ended.
    case notDue
    case alreadyPaid
}
