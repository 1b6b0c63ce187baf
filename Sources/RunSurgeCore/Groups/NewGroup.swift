/// A group before it has an identifier.
public struct NewGroup: Sendable {
    public var name: String
    /// What every member is until its archive has come.
    public var draft: JobSpecification
    public var scriptName: String
    public var aggregatorName: String
    public var aggregator: BlobReference
    /// 1 ... `Limits.groupMembers`
    public var memberCount: Int

    /// - Precondition: `memberCount` is in its range, which the facade has checked.
    public init(
        name: String, draft: JobSpecification, scriptName: String, aggregatorName: String, aggregator: BlobReference,
        memberCount: Int
    ) {
        precondition((1...Limits.groupMembers).contains(memberCount), "members of a group")
        self.name = name
        self.draft = draft
        self.scriptName = scriptName
        self.aggregatorName = aggregatorName
        self.aggregator = aggregator
        self.memberCount = memberCount
    }
}

/// A group with all its members, by their numbers.
public struct GroupDetail: Sendable, Equatable {
    public let group: JobGroup
    public let members: [GroupMember]

    public init(group: JobGroup, members: [GroupMember]) {
        self.group = group
        self.members = members
    }
}
