/// What the master's aggregator loop reads and writes about groups. Every write is fenced by the term:
/// `StoreError.fenced` when a newer master has taken over. Nothing is remembered between the steps but rows: whoever
/// leads next goes on.
public protocol AggregationStore: Sendable {
    /// Groups whose members have all ended well and whose aggregator is not begun, those that have waited longest first.
    func groupsToAggregate(limit: Int) async throws -> [JobGroup]
    /// The members' jobs with their outcomes, by their numbers: those after `ordinal` (0: all), at most `limit`.
    func memberJobs(of group: JobGroupID, after ordinal: Int, limit: Int) async throws -> [Job]
    /// Creates the job that runs the aggregator, once however often and by whomever it is called.
    /// - Returns: that job; nil when the group does not wait for its aggregation (any more).
    func startAggregation(
        of group: JobGroupID, specification: JobSpecification, term: Int64
    ) async throws -> JobID?
    /// Aggregators that have ended, and whose groups have not.
    func endedAggregations(limit: Int) async throws -> [EndedAggregation]
    /// Ends a group by what its aggregator has left, durably.
    /// - Returns: false when the group had ended already, or `job` is not its aggregator or has not ended.
    func finishGroup(
        _ id: JobGroupID, job: JobID, outcome: AggregationOutcome, term: Int64
    ) async throws -> Bool
    /// Wakes when there may be something to do; may wake without reason, and never later than `within`. For one loop.
    func waitForGroups(within: Duration) async throws
}

public struct EndedAggregation: Sendable {
    public let group: JobGroup
    /// In a final state.
    public let job: Job

    public init(group: JobGroup, job: Job) {
        self.group = group
        self.job = job
    }
}

public enum AggregationOutcome: Sendable, Equatable {
    /// The group's output, a zip.
    case completed(BlobReference)
    /// The aggregator's own error, or why it could not run.
    case failed(String)
}
