/// Somebody who may submit jobs and contribute nodes.
public struct User: Sendable, Equatable {
    public let id: UserID
    public let username: String
    public let email: String

    public init(id: UserID, username: String, email: String) {
        self.id = id
        self.username = username
        self.email = email
    }
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
