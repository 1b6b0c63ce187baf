/// Groups as the facade and its users see them. A member is an ordinary job, created without its archive: see
/// `UploadStore`. The group's state follows its members' in the transaction that changes them.
public protocol GroupStore: Sendable {
    /// The group and its members, durably. The blobs must exist already.
    func createGroup(
        _ group: NewGroup, owner: UserID, idempotency: Idempotency<GroupDetail>?
    ) async throws -> Once<GroupDetail>
    func group(_ id: JobGroupID, owner: UserID) async throws -> JobGroup?
    /// Whoever owns it; lets the facade tell 403 from 404.
    func ownerOfGroup(_ id: JobGroupID) async throws -> UserID?
    /// Newest first, those older than `before`.
    func groups(owner: UserID, before: JobGroupID?, limit: Int) async throws -> [JobGroup]
    /// All members of these groups, by group and number.
    func members(of groups: [JobGroupID], owner: UserID) async throws -> [GroupMember]
    /// Ends all its jobs as cancelled, and the group as failed.
    /// - Returns: false when it had ended already, or there is none.
    func cancelGroup(_ id: JobGroupID, owner: UserID) async throws -> Bool
    /// Puts a new job in the place of a member that has ended unsuccessfully: with the same inputs where they had come,
    /// else one that awaits its archive again. The group runs again. The former job stays, and is no member any more.
    /// - Throws: `GroupRefusal`
    func retry(
        _ member: JobID, of group: JobGroupID, owner: UserID, idempotency: Idempotency<GroupMember>?
    ) async throws -> Once<GroupMember>
}

public enum GroupRefusal: Error, Equatable {
    /// There is no such group of this owner, or it has no such member.
    case unknown
    /// The member has not ended, or has ended well.
    case notFailed
    /// The group was cancelled.
    case cancelled
    /// The group was paid for: what it would cost more could not be.
    case paid
}
