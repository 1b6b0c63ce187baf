/// One script over many archives, and an aggregator that merges what they give.
public struct JobGroup: Sendable, Equatable {
    public let id: JobGroupID
    public let owner: UserID
    public let name: String
    public let scriptName: String
    public let aggregatorName: String
    public let aggregator: BlobReference
    public let memberCount: Int
    public let state: GroupState
    public let isCancelled: Bool
    /// Why it failed, a sentence for its owner.
    public let failure: String?
    /// The job that runs the aggregator; no member. nil before it was begun.
    public let aggregation: JobID?
    /// The zip that the aggregator made; of a completed group.
    public let result: BlobReference?
    public let createdAt: Timestamp
    public let finishedAt: Timestamp?

    public init(
        id: JobGroupID, owner: UserID, name: String, scriptName: String, aggregatorName: String,
        aggregator: BlobReference, memberCount: Int, state: GroupState, isCancelled: Bool, failure: String?,
        aggregation: JobID?, result: BlobReference?, createdAt: Timestamp, finishedAt: Timestamp?
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.scriptName = scriptName
        self.aggregatorName = aggregatorName
        self.aggregator = aggregator
        self.memberCount = memberCount
        self.state = state
        self.isCancelled = isCancelled
        self.failure = failure
        self.aggregation = aggregation
        self.result = result
        self.createdAt = createdAt
        self.finishedAt = finishedAt
    }
}

public typealias JobGroupID = Identifier<JobGroup>
