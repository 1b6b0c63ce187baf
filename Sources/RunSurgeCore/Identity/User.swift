/// Somebody who may submit jobs and contribute nodes.
public struct User: Sendable, Equatable {
    public let id: UserID
    public let username: String
    public let email: String
    public let role: UserRole

    public init(id: UserID, username: String, email: String, role: UserRole = .user) {
        self.id = id
        self.username = username
        self.email = email
        self.role = role
    }
}

/// What a user may do beyond their own jobs and nodes. The raw values are those of the database.
public enum UserRole: String, Sendable, Codable, CaseIterable {
    case user
    /// May look at everything, and set roles and quotas.
    case administrator
}

/// A user together with the stored hash of their password; stays on the server's side of the facade.
public struct UserCredentials: Sendable {
    public let user: User
    public let passwordHash: String

    public init(user: User, passwordHash: String) {
        self.user = user
        self.passwordHash = passwordHash
    }
}
