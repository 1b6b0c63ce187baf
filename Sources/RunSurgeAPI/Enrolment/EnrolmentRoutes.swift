import Hummingbird
import Logging
import RunSurgeCore

/// How machines and monitoring tools get keys for the links, and lose them.
struct EnrolmentRoutes: Sendable {
    let enrolment: any EnrolmentStore
    let linkEndpoints: @Sendable () async -> LinkEndpoints?
    let limiter: LoginLimiter
    let isBehindProxy: Bool

    private static let usualLifetime = 3_600
    private static let key = Parameter<KeyID>.identifier("key", "The number of the key.")
    private static let node = Parameter<NodeID>.identifier("id", "The number of the node.")
    private static let noKey = Refusal(.notFound, "key_not_found", "The caller has no such key.")

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/node/enroll-token", id: "makeEnrolmentToken", .nodes,
                "Makes a token that enrols one machine or monitoring tool.", body: .json(EnrolmentTokenRequest.self),
                answers: [.json(EnrolmentTokenView.self, "The token; it is shown once.", status: .created)],
                refusals: [Refusal(.conflict, "too_many_tokens", "The caller has too many unused tokens.")],
                .login(makeToken)),
            Endpoint(
                .post, "/api/node/enroll", id: "enrol", .nodes,
                "Enrols a machine by its token; no login is needed.", body: .json(EnrolmentRequest.self),
                answers: [.json(EnrolmentView.self, "The key, and where masters listen.", status: .created)],
                refusals: [
                    Refusal(.forbidden, "token_invalid", "The token is unknown, used or expired."),
                    Refusal(.conflict, "taken", "The key is another machine's."), .rateLimited,
                    Refusal(.serviceUnavailable, "not_leading", "Another master leads; ask that one."),
                ], .anyone(enrol)),
            Endpoint(
                .get, "/api/node/keys", id: "listKeys", .nodes, "Lists the caller's keys, newest first.",
                answers: [.json(KeyListView.self, "The keys.")], .user(list)),
            Endpoint(
                .delete, "/api/node/keys/{key}", id: "revokeKey", .nodes, "Revokes a key.",
                parameters: [Self.key.description], answers: [.json(KeyView.self, "The revoked key.")],
                refusals: [Self.noKey], .user { try await revoke(.key($0[Self.key]), $1) }),
            Endpoint(
                .delete, "/api/node/{id}/key", id: "revokeNodesKey", .nodes, "Revokes the key of a node.",
                parameters: [Self.node.description], answers: [.json(KeyView.self, "The revoked key.")],
                refusals: [Self.noKey], .user(revokeNode)),
            Endpoint(
                .post, "/api/node/{id}/revoke", id: "revokeNode", .nodes, "Revokes the key of a node.",
                parameters: [Self.node.description], answers: [.json(KeyView.self, "The revoked key.")],
                refusals: [Self.noKey], .user(revokeNode)),
        ]
    }

    @Sendable private func makeToken(_ call: Call, _ user: User) async throws -> Response {
        let form = try await call.body(EnrolmentTokenRequest.self)
        let token = OpaqueToken.make(prefix: "enroll-")
        let expires = OpaqueToken.expiry(after: .seconds(form.lifetime ?? Self.usualLifetime))
        let kind = form.kind ?? .worker
        do {
            try await enrolment.addEnrolmentToken(
                hash: OpaqueToken.hash(token), kind: kind, owner: user.id, expires: expires)
        } catch StoreError.conflict {
            throw APIError(
                .conflict, "too_many_tokens",
                "There are \(Limits.enrolmentTokens) unused tokens of yours already; use them or let them expire.")
        }
        return try JSONBody.response(
            EnrolmentTokenView(token: token, kind: kind, expiresAt: expires), status: .created)
    }

    /// The token is the authorisation: the machine that comes with it has no login.
    @Sendable private func enrol(_ call: Call) async throws -> Response {
        let form = try await call.body(EnrolmentRequest.self)
        let address = call.address(isBehindProxy: isBehindProxy)
        try limiter.attempt(address: address)
        guard let publicKey = HexCoding.decode(form.publicKey) else {
            throw APIError.invalid("public_key", "A public key is 64 hexadecimal digits.")
        }
        guard form.name.utf8.count <= Limits.nameBytes else {
            throw APIError.invalid("name", "A name has 1 to \(Limits.nameBytes) bytes.")
        }
        // Asked first: a token is not spent on a master that can't say where it is.
        guard let endpoints = await linkEndpoints() else {
            throw APIError(
                .serviceUnavailable, "not_leading", "This master does not lead; ask the one that does.", retryAfter: 5)
        }
        let key: NodeKey?
        do {
            key = try await enrolment.enrol(
                tokenHash: OpaqueToken.hash(form.token), publicKey: publicKey, name: form.name, address: address)
        } catch StoreError.conflict(let field) {
            throw APIError(.conflict, "taken", "This \(field) is taken; make another.", field: field)
        }
        let logger = call.context.logger
        guard let key else {
            logger.notice("An enrolment was refused", metadata: ["address": "\(address)"])
            throw APIError(
                .forbidden, "token_invalid",
                "The enrolment token is unknown, used or expired; make a new one with `runsurge enroll --new-token`.")
        }
        logger.notice(
            "A key was enrolled", metadata: ["key": "\(key.id)", "name": "\(key.name)", "address": "\(address)"])
        let view = EnrolmentView(
            key: KeyView(key), serverKeys: try await enrolment.serverKeys(), endpoints: endpoints)
        return try JSONBody.response(view, status: .created)
    }

    @Sendable private func list(_ call: Call, _ user: User) async throws -> Response {
        let keys = try await enrolment.keys(owner: user.id, limit: Limits.pageItems)
        return try JSONBody.response(KeyListView(keys: keys.map(KeyView.init)))
    }

    @Sendable private func revokeNode(_ call: Call, _ user: User) async throws -> Response {
        try await revoke(.node(call[Self.node]), user)
    }

    private func revoke(_ target: RevocationTarget, _ user: User) async throws -> Response {
        // Another's is as unknown as one that never was.
        guard let key = try await enrolment.revoke(target, owner: user.id) else {
            throw APIError(.notFound, "key_not_found", "You have no such key.")
        }
        return try JSONBody.response(KeyView(key))
    }
}
