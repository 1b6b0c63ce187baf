import Hummingbird
import RunSurgeCore

/// The caller's sessions, and the end of them.
struct SessionRoutes: Sendable {
    let access: any AccessStore
    let pages: Pages
    let isBehindProxy: Bool

    private static let id = Parameter<LoginSessionID>.identifier("id", "The number of the session.")

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/users/sessions", id: "listSessions", .accounts,
                "Shows a page of the caller's sessions, newest first.", parameters: Pages.parameters,
                answers: [.json(LoginSessionListView.self, "The sessions.", headers: Pages.headers)], .login(list)),
            Endpoint(
                .delete, "/api/users/sessions/{id}", id: "revokeSession", .accounts,
                "Ends a session: it gets no new tokens. The access token that it has ends by itself.",
                parameters: [Self.id.description],
                answers: [.json(MessageView.self, "The session has ended.")],
                refusals: [Refusal(.notFound, "session_not_found", "The caller has no such session.")],
                .login(revoke)),
        ]
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        try await pages.response(to: call, list: "sessions of \(user.id)", number: \.id.rawValue) { before, limit in
            try await access.sessions(owner: user.id, before: before.map { LoginSessionID($0) }, limit: limit)
        } view: { page, next in
            LoginSessionListView(sessions: page.map(LoginSessionView.init), nextCursor: next)
        }
    }

    @Sendable private func revoke(_ call: Call, _ user: User) async throws -> Response {
        let id = call[Self.id]
        let client = call.client(isBehindProxy: isBehindProxy)
        guard try await access.revokeSession(id, owner: user.id, client: client) else {
            throw APIError(.notFound, "session_not_found", "You have no session \(id), or it has ended.")
        }
        return try JSONBody.response(MessageView(message: "Session \(id) has ended."))
    }
}
