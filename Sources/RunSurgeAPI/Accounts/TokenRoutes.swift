import Hummingbird
import RunSurgeCore

/// The caller's API tokens, for scripts.
struct TokenRoutes: Sendable {
    let access: any AccessStore
    let pages: Pages
    let isBehindProxy: Bool

    private static let id = Parameter<APITokenID>.identifier("id", "The number of the token.")

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/users/tokens", id: "makeToken", .accounts,
                "Makes a token that scripts send as `Authorization: Bearer`.", body: .json(APITokenRequest.self),
                answers: [.json(NewAPITokenView.self, "The token; it is shown once.", status: .created)],
                refusals: [Refusal(.conflict, "too_many_tokens", "The caller has too many valid tokens.")],
                .login(make)),
            Endpoint(
                .get, "/api/users/tokens", id: "listTokens", .accounts,
                "Shows a page of the caller's tokens without their secrets, newest first.",
                parameters: Pages.parameters,
                answers: [.json(APITokenListView.self, "The tokens, revoked ones included.", headers: Pages.headers)],
                .login(list)),
            Endpoint(
                .delete, "/api/users/tokens/{id}", id: "revokeToken", .accounts, "Revokes a token, at once.",
                parameters: [Self.id.description], answers: [.json(MessageView.self, "The token is revoked.")],
                refusals: [Refusal(.notFound, "token_not_found", "The caller has no such token.")], .login(revoke)),
        ]
    }

    @Sendable private func make(_ call: Call, _ user: User) async throws -> Response {
        let form = try await call.body(APITokenRequest.self)
        guard form.name.utf8.count <= Limits.nameBytes else {
            throw APIError.invalid("name", "A token's name has 1 to \(Limits.nameBytes) bytes.")
        }
        let token = ScriptToken.make()
        do {
            let made = try await access.addToken(
                hash: OpaqueToken.hash(token), name: form.name, owner: user.id,
                expires: form.lifetime.map { OpaqueToken.expiry(after: .seconds($0)) },
                client: call.client(isBehindProxy: isBehindProxy), idempotency: nil)
            switch made {
            case .performed(let description):
                return try JSONBody.response(
                    NewAPITokenView(token: token, description: APITokenView(description)), status: .created)
            case .replayed(let answer):
                return JSONBody.response(
                    bytes: answer.body, status: HTTPResponse.Status(code: answer.status, reasonPhrase: ""))
            }
        } catch StoreError.conflict(field: "token") {
            throw APIError(
                .conflict, "too_many_tokens",
                "You have \(Limits.apiTokens) valid tokens already; revoke one that is not needed.")
        }
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        try await pages.response(to: call, list: "tokens of \(user.id)", number: \.id.rawValue) { before, limit in
            try await access.tokens(owner: user.id, before: before.map { APITokenID($0) }, limit: limit)
        } view: { page, next in
            APITokenListView(tokens: page.map(APITokenView.init), nextCursor: next)
        }
    }

    @Sendable private func revoke(_ call: Call, _ user: User) async throws -> Response {
        let id = call[Self.id]
        let client = call.client(isBehindProxy: isBehindProxy)
        guard try await access.revokeToken(id, owner: user.id, client: client) else {
            throw APIError(.notFound, "token_not_found", "You have no token \(id), or it is revoked.")
        }
        return try JSONBody.response(MessageView(message: "Token \(id) is revoked."))
    }
}
