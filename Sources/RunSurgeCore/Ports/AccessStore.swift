/// What accounts may do, by which tokens and sessions, and who did what. What changes a right is written to the audit
/// in the same transaction.
public protocol AccessStore: Sendable {
    // Tokens of scripts
    /// Stores a token by its hash.
    /// - Parameter expires: nil: never.
    /// - Throws: `StoreError.conflict` naming `token` when the owner has `Limits.apiTokens` valid ones.
    func addToken(
        hash: [UInt8], name: String, owner: UserID, expires: Timestamp?, client: ClientDescription,
        idempotency: Idempotency<APIToken>?
    ) async throws -> Once<APIToken>
    /// Newest first, those older than `before`, the revoked ones included.
    func tokens(owner: UserID, before: APITokenID?, limit: Int) async throws -> [APIToken]
    /// - Returns: false when the owner has no such token that is not revoked.
    func revokeToken(_ id: APITokenID, owner: UserID, client: ClientDescription) async throws -> Bool
    /// Whose token it is, noting its use; nil when it is unknown, expired or revoked.
    func useToken(hash: [UInt8]) async throws -> User?

    // Sessions
    /// Those that are alive, newest first, those older than `before`.
    func sessions(owner: UserID, before: LoginSessionID?, limit: Int) async throws -> [LoginSession]
    /// - Returns: false when the owner has no such session that is not revoked.
    func revokeSession(_ id: LoginSessionID, owner: UserID, client: ClientDescription) async throws -> Bool

    // Roles and quotas
    /// - Parameter by: nil: the operator, by command.
    /// - Returns: nil when there is no such user.
    func setRole(_ role: UserRole, of username: String, by: UserID?) async throws -> User?
    /// - Parameter quota: nil: the usual one.
    /// - Returns: false when there is no such user.
    func setQuota(_ quota: Quota?, of user: UserID, by: UserID?) async throws -> Bool
    /// Looks at all that the user has. Requests at the same moment do not see each other: together they may go beyond
    /// the quota by what each of them adds.
    /// - Returns: nil when there is no such user.
    func standing(of user: UserID) async throws -> QuotaStanding?

    // Audit
    /// An act that no other method writes, such as a login that was refused.
    func audit(_ action: String, subject: String, by user: UserID?, client: ClientDescription) async throws
    /// Newest first, those older than `before`; nil: of everybody, for administrators.
    func auditLog(of user: UserID?, before: AuditEntryID?, limit: Int) async throws -> [AuditEntry]
}
