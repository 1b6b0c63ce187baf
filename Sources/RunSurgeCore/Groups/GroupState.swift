/// Where a group stands. The raw values are those of the REST facade and of the database.
public enum GroupState: String, Sendable, Codable, CaseIterable {
    /// No member has begun.
    case submitted
    case running
    /// All members have ended well; its aggregator is to run, or runs.
    case pendingAggregation = "pending_aggregation"
    case completed
    /// A member, or the aggregator, has not ended well, or the group was cancelled. A member that is retried sets the
    /// group running again.
    case failed
}
