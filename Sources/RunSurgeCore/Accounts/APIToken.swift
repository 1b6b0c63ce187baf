/// A token of a script; only its hash is stored.
public struct APIToken: Sendable, Equatable {
    public let id: APITokenID
    public let owner: UserID
    public let name: String
    public let createdAt: Timestamp
    /// To the minute.
    public let lastUsedAt: Timestamp?
    /// nil: never.
    public let expiresAt: Timestamp?
    public let revokedAt: Timestamp?

    public init(
        id: APITokenID, owner: UserID, name: String, createdAt: Timestamp, lastUsedAt: Timestamp?,
        expiresAt: Timestamp?, revokedAt: Timestamp?
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }
}

public typealias APITokenID = Identifier<APIToken>
