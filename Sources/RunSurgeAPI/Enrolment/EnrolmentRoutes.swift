import Hummingbird
import Logging
import RunSurgeCore

/// How machines and monitoring tools get keys for the links, and lose them.
struct EnrolmentRoutes: Sendable {
    let enrolment: any EnrolmentStore
    let endpoints: @Sendable () async -> LinkEndpoints?
    let limiter: LoginLimiter
    let isBehindProxy: Bool

    private static let lifetimes = 10...2_592_000
    private static let usualLifetime = 3_600

    func add(to router: Router<APIRequestContext>) {
        router.post("/api/node/enroll-token", use: makeToken)
        router.post("/api/node/enroll", use: enrol)
        router.get("/api/node/keys", use: list)
        router.delete("/api/node/keys/:key", use: revokeKey)
        router.delete("/api/node/:id/key", use: revokeNode)
        router.post("/api/node/:id/revoke", use: revokeNode)
    }

    @Sendable private func makeToken(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        let form = try await JSONBody.decode(EnrolmentTokenRequest.self, from: request)
        let lifetime = form.lifetime ?? Self.usualLifetime
        guard Self.lifetimes.contains(lifetime) else {
            throw APIError.invalid(
                "lifetime_seconds",
                "A token lives from \(Self.lifetimes.lowerBound) to \(Self.lifetimes.upperBound) seconds.")
        }
        let token = EnrolmentToken.make()
        let expires = EnrolmentToken.now(adding: lifetime)
        let kind = form.kind ?? .worker
        do {
            try await enrolment.addEnrolmentToken(
                hash: EnrolmentToken.hash(token), kind: kind, owner: user.id, expires: expires)
        } catch StoreError.conflict {
            throw APIError(
                .conflict, "too_many_tokens",
                "There are \(Limits.enrolmentTokens) unused tokens of yours already; use them or let them expire.")
        }
        return try JSONBody.response(
            EnrolmentTokenView(token: token, kind: kind, expiresAt: expires), status: .created)
    }

    /// The token is the authorisation: the machine that comes with it has no login.
    @Sendable private func enrol(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let form = try await JSONBody.decode(EnrolmentRequest.self, from: request)
        let address = context.address(of: request, isBehindProxy: isBehindProxy)
        try limiter.attempt(address: address)
        guard let publicKey = HexCoding.decode(form.publicKey), publicKey.count == NodeKey.publicKeyBytes else {
            throw APIError.invalid("public_key", "A public key is 64 hexadecimal digits.")
        }
        guard (1...Limits.nameBytes).contains(form.name.utf8.count), !form.name.utf8.contains(0) else {
            throw APIError.invalid("name", "A name has 1 to \(Limits.nameBytes) bytes.")
        }
        // Asked first: a token is not spent on a master that can't say where it is.
        guard let endpoints = await endpoints() else {
            throw APIError(
                .serviceUnavailable, "not_leading", "This master does not lead; ask the one that does.", retryAfter: 5)
        }
        let key: NodeKey?
        do {
            key = try await enrolment.enrol(
                tokenHash: EnrolmentToken.hash(form.token), publicKey: publicKey, name: form.name, address: address)
        } catch StoreError.conflict(let field) {
            throw APIError(.conflict, "taken", "This \(field) is taken; make another.", field: field)
        }
        guard let key else {
            context.logger.notice("An enrolment was refused", metadata: ["address": "\(address)"])
            throw APIError(
                .forbidden, "token_invalid",
                "The enrolment token is unknown, used or expired; make a new one with `runsurge enroll --new-token`.")
        }
        context.logger.notice(
            "A key was enrolled", metadata: ["key": "\(key.id)", "name": "\(key.name)", "address": "\(address)"])
        let view = EnrolmentView(
            key: KeyView(key), serverKeys: try await enrolment.serverKeys(), endpoints: endpoints)
        return try JSONBody.response(view, status: .created)
    }

    @Sendable private func list(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        let keys = try await enrolment.keys(owner: user.id, limit: Limits.pageItems)
        return try JSONBody.response(KeyListView(keys: keys.map(KeyView.init)))
    }

    @Sendable private func revokeKey(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try await revoke(.key(KeyID(try number("key", in: context))), context)
    }

    @Sendable private func revokeNode(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try await revoke(.node(NodeID(try number("id", in: context))), context)
    }

    private func revoke(_ target: RevocationTarget, _ context: APIRequestContext) async throws -> Response {
        let user = try context.requireUser()
        // Another's is as unknown as one that never was.
        guard let key = try await enrolment.revoke(target, owner: user.id) else {
            throw APIError(.notFound, "key_not_found", "You have no such key.")
        }
        return try JSONBody.response(KeyView(key))
    }

    private func number(_ name: String, in context: APIRequestContext) throws -> Int64 {
        guard let number = Int64(try context.parameters.require(name)), number > 0 else {
            throw APIError.invalid(name, "This is no number of a node or key.")
        }
        return number
    }
}
