import Hummingbird
import RunSurgeCore

/// What administrators do to accounts, and the audit. Roles are read from the store each time: a role that was taken
/// away is gone at once, whatever the caller's token says.
struct AdministrationRoutes: Sendable {
    let accounts: any AccountStore
    let access: any AccessStore
    let pages: Pages

    private static let username = Parameter.text(
        "username", in: .path, .plain(1...Limits.nameBytes), "The name of the account.")
    private static let user = Parameter<UserID>.identifier("user_id", "The number of the user.")
    private static let notAllowed = Refusal(.forbidden, "forbidden", "The caller is no administrator.")
    private static let noUser = Refusal(.notFound, "user_not_found", "There is no such user.")

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .put, "/api/admin/roles/{username}", id: "setRole", .accounts, "Gives a user another role.",
                parameters: [Self.username.description], body: .json(RoleRequest.self),
                answers: [.json(AdministeredUserView.self, "The user.")], refusals: [Self.notAllowed, Self.noUser],
                administrator(setRole)),
            Endpoint(
                .get, "/api/admin/users/{user_id}/quota", id: "quota", .accounts,
                "Shows what a user may have at once, and has.", parameters: [Self.user.description],
                answers: [.json(QuotaView.self, "The quota.")], refusals: [Self.notAllowed, Self.noUser],
                administrator { call, _ in try await standing(of: call[Self.user]) }),
            Endpoint(
                .put, "/api/admin/users/{user_id}/quota", id: "setQuota", .accounts,
                "Sets what a user may have at once.", parameters: [Self.user.description],
                body: .json(QuotaRequest.self), answers: [.json(QuotaView.self, "The new quota.")],
                refusals: [Self.notAllowed, Self.noUser], administrator(setQuota)),
            Endpoint(
                .get, "/api/admin/audit", id: "audit", .accounts,
                "Shows a page of what all users did to accounts, keys and tokens, newest first.",
                parameters: Pages.parameters,
                answers: [.json(AuditView.self, "The acts.", headers: Pages.headers)], refusals: [Self.notAllowed],
                administrator { call, _ in try await log(of: nil, call) }),
            Endpoint(
                .get, "/api/users/audit", id: "ownAudit", .accounts,
                "Shows a page of what was done by the caller or tried with their account, newest first.",
                parameters: Pages.parameters,
                answers: [.json(AuditView.self, "The acts.", headers: Pages.headers)],
                .login { call, user in try await log(of: user.id, call) }),
        ]
    }

    private func administrator(
        _ serve: @escaping @Sendable (Call, User) async throws -> Response
    ) -> EndpointHandler {
        .login { call, user in
            guard let user = try await accounts.user(user.id), user.role == .administrator else {
                throw APIError(.forbidden, "forbidden", "This is for administrators.")
            }
            return try await serve(call, user)
        }
    }

    @Sendable private func setRole(_ call: Call, _ administrator: User) async throws -> Response {
        let role = try await call.body(RoleRequest.self).role
        let name = call[Self.username]
        guard let user = try await access.setRole(role, of: name, by: administrator.id) else {
            throw APIError(.notFound, "user_not_found", "There is no user \(name).")
        }
        return try JSONBody.response(AdministeredUserView(user))
    }

    @Sendable private func setQuota(_ call: Call, _ administrator: User) async throws -> Response {
        let form = try await call.body(QuotaRequest.self)
        let quota: Quota?
        switch (form.blobBytes, form.jobs) {
        case (let bytes?, let jobs?): quota = Quota(blobBytes: bytes, jobs: jobs)
        case (nil, nil): quota = nil
        case (nil, _): throw APIError.invalid("blob_bytes", "Send both fields, or neither for the usual quota.")
        case (_, nil): throw APIError.invalid("jobs", "Send both fields, or neither for the usual quota.")
        }
        let user = call[Self.user]
        guard try await access.setQuota(quota, of: user, by: administrator.id) else { throw Self.unknown(user) }
        return try await standing(of: user)
    }

    private func standing(of user: UserID) async throws -> Response {
        guard let standing = try await access.standing(of: user) else { throw Self.unknown(user) }
        return try JSONBody.response(QuotaView(standing))
    }

    private func log(of user: UserID?, _ call: Call) async throws -> Response {
        let list = user.map { "audit of \($0)" } ?? "audit"
        return try await pages.response(to: call, list: list, number: \.id.rawValue) { before, limit in
            try await access.auditLog(of: user, before: before.map { AuditEntryID($0) }, limit: limit)
        } view: { page, next in
            AuditView(entries: page.map(AuditEntryView.init), nextCursor: next)
        }
    }

    private static func unknown(_ user: UserID) -> APIError {
        APIError(.notFound, "user_not_found", "There is no user \(user).")
    }
}
