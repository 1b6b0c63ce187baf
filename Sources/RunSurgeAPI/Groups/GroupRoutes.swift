import Hummingbird
import RunSurgeCore

/// What becomes of groups: their state, result and end.
struct GroupRoutes: Sendable {
    let groups: any GroupStore
    let usage: any UsageStore
    let blobs: BlobResponse
    let pages: Pages

    /// Members of one page of groups, at most, where it has several groups.
    private static let pageMembers = 10_000

    var endpoints: [Endpoint] {
        let access = GroupAccess(groups: groups)
        let id = GroupAccess.id.description
        let views = [
            Endpoint(
                .get, "/api/users/groups", id: "listGroups", .groups,
                "Shows a page of the caller's groups, newest first.", parameters: Pages.parameters,
                answers: [.json([GroupView].self, "The groups.", headers: Pages.headers)], .user(list)),
            Endpoint(
                .get, "/api/group/{id}", id: "group", .groups, "Shows a group.", parameters: [id],
                answers: [.json(GroupView.self, "The group with its members.")], refusals: Refusal.group,
                access.user { _, group in
                    try JSONBody.response(try await self.views(of: [group], owner: group.owner).first)
                }),
            Endpoint(
                .get, "/api/group/{id}/result", id: "groupResult", .groups, "Sends what the aggregator made, a zip.",
                parameters: [id], answers: Answer.file("The zip, as a download.", mediaTypes: ["application/zip"]),
                refusals: Refusal.group + [
                    Refusal(.badRequest, "not_yet", "The group has not come to its end yet."),
                    Refusal(.badRequest, "group_failed", "The group failed; `detail` says why."),
                    Refusal(.badRequest, "group_cancelled", "The group was cancelled."), .unknownBlob,
                ], access.user(result)),
        ]
        let endings = [
            (HTTPRequest.Method.post, "/api/group/{id}/cancel", "cancelGroup"),
            (.delete, "/api/group/{id}", "deleteGroup"),
        ].map { method, path, name in
            Endpoint(
                method, path, id: name, .groups, "Cancels a group with all its jobs.", parameters: [id],
                answers: [.json(GroupCancellationView.self, "It is cancelled, or had ended already.")],
                refusals: Refusal.group, access.user(cancel))
        }
        return views + endings
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        try await pages.response(
            to: call, list: "groups of \(user.id)", number: \.id.rawValue, weight: \.memberCount,
            heaviest: Self.pageMembers
        ) { before, limit in
            try await groups.groups(owner: user.id, before: before.map { JobGroupID($0) }, limit: limit)
        } view: { page, _ in
            try await views(of: page, owner: user.id)
        }
    }

    private func views(of page: [JobGroup], owner: UserID) async throws -> [GroupView] {
        let ids = page.map(\.id)
        let members = Dictionary(grouping: try await groups.members(of: ids, owner: owner), by: \.group)
        async let amounts = usage.amounts(of: members.values.joined().map(\.job), owner: owner)
        async let bills = usage.bills(of: ids, owner: owner)
        let billed = Dictionary(try await bills.map { ($0.subject, $0) }) { first, _ in first }
        let known = try await amounts
        return page.map { group in
            GroupView(
                GroupDetail(group: group, members: members[group.id] ?? []), bill: billed[.group(group.id)],
                amounts: known)
        }
    }

    @Sendable private func result(_ call: Call, _ group: JobGroup) async throws -> Response {
        if let result = group.result {
            return try await blobs.response(
                result, to: call.request, contentType: "application/zip", fileName: "group_output.zip")
        }
        if group.isCancelled { throw APIError(.badRequest, "group_cancelled", "The group was cancelled.") }
        switch group.state {
        case .failed:
            throw APIError(.badRequest, "group_failed", group.failure ?? "The group failed; its jobs say why.")
        case .submitted, .running, .pendingAggregation, .completed:
            throw APIError(.badRequest, "not_yet", "The group is not completed yet; it is \(group.state.rawValue).")
        }
    }

    @Sendable private func cancel(_ call: Call, _ group: JobGroup) async throws -> Response {
        let isCancelled = try await groups.cancelGroup(group.id, owner: group.owner)
        return try JSONBody.response(GroupCancellationView(groupID: group.id, success: isCancelled))
    }
}
