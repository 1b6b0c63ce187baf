import Hummingbird
import RunSurgeCore

/// Lets a caller at their own groups.
struct GroupAccess: Sendable {
    static let id = Parameter<JobGroupID>.identifier("id", "The number of the group.", refusal: .noSuchGroup)
    static let member = Parameter<JobID>.identifier(
        "job_id", "The number of the member's job.", refusal: .noSuchMember)

    let groups: any GroupStore

    /// What serves a route about the group that the path names, once the group is known to be the caller's.
    func user(_ serve: @escaping @Sendable (Call, JobGroup) async throws -> Response) -> EndpointHandler {
        .user { call, user in
            let id = call[Self.id]
            if let group = try await groups.group(id, owner: user.id) { return try await serve(call, group) }
            throw try await groups.ownerOfGroup(id) == nil ? APIError.noSuchGroup : APIError.foreignGroup
        }
    }
}

extension APIError {
    static let noSuchGroup = APIError(.notFound, "group_not_found", "There is no such group.")
    static let foreignGroup = APIError(.forbidden, "forbidden", "This group belongs to somebody else.")
    static let noSuchMember = APIError(.notFound, "member_not_found", "The group has no such member.")
}

extension Refusal {
    /// Of routes about one group.
    static let group = [
        Refusal(.notFound, "group_not_found", "There is no such group."),
        Refusal(.forbidden, "forbidden", "The group is somebody else's."),
    ]

    /// Of routes about one of its members, too.
    static let member = Refusal(.notFound, "member_not_found", "The group has no such member.")
}
