/// Accounts as the facade needs them.
public protocol AccountStore: Sendable {
    /// The first who can log in by a password becomes an administrator.
    /// - Throws: `StoreError.conflict` naming `username` or `email` when it is taken.
    func createUser(username: String, email: String, passwordHash: String) async throws -> User
    func credentials(usernameOrEmail: String) async throws -> UserCredentials?
    func user(_ id: UserID) async throws -> User?

    /// Stores a refresh token by its hash. `family` groups the tokens that descend from one login, which is a session.
    func addRefreshToken(
        hash: [UInt8], family: String, user: UserID, expires: Timestamp, client: ClientDescription
    ) async throws
    /// Exchanges a token for its successor in one step.
    /// - Returns: the owner; nil when the token is unknown or expired. Reuse of a spent token revokes its family.
    func rotateRefreshToken(
        hash: [UInt8], successor: [UInt8], expires: Timestamp, client: ClientDescription
    ) async throws -> UserID?
    func revokeRefreshFamily(containing hash: [UInt8]) async throws
}

public enum StoreError: Error, Equatable {
    /// A unique value is taken; `field` names it.
    case conflict(field: String)
    /// The store's schema or a row is not what this program expects.
    case inconsistent(String)
    /// A newer master has taken over; this one must stop writing.
    case fenced(term: Int64)
}
