import RunSurgeCore

/// Opaque tokens that are exchanged for new ones.
struct RefreshTokens: Sendable {
    private let accounts: any AccountStore
    let lifetime: Duration

    init(accounts: any AccountStore, lifetime: Duration) {
        self.accounts = accounts
        self.lifetime = lifetime
    }

    /// Begins a new family.
    func issue(for user: UserID, client: ClientDescription) async throws -> String {
        let token = OpaqueToken.make()
        try await accounts.addRefreshToken(
            hash: OpaqueToken.hash(token), family: HexCoding.encode(OpaqueToken.randomBytes(16)), user: user,
            expires: OpaqueToken.expiry(after: lifetime), client: client)
        return token
    }

    /// - Returns: the owner and the successor; nil when the token is unknown, expired or was used before, which
    ///   revokes its family.
    func rotate(_ token: String, client: ClientDescription) async throws -> (user: UserID, successor: String)? {
        let successor = OpaqueToken.make()
        let owner = try await accounts.rotateRefreshToken(
            hash: OpaqueToken.hash(token), successor: OpaqueToken.hash(successor),
            expires: OpaqueToken.expiry(after: lifetime), client: client)
        return owner.map { ($0, successor) }
    }

    func revokeFamily(of token: String) async throws {
        try await accounts.revokeRefreshFamily(containing: OpaqueToken.hash(token))
    }
}
