/// A login that is kept alive by its refresh tokens.
public struct LoginSession: Sendable, Equatable {
    public let id: LoginSessionID
    public let client: ClientDescription
    public let createdAt: Timestamp
    /// When its token was last exchanged.
    public let lastUsedAt: Timestamp
    /// When its newest token expires.
    public let expiresAt: Timestamp

    public init(
        id: LoginSessionID, client: ClientDescription, createdAt: Timestamp, lastUsedAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.client = client
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
    }
}

public typealias LoginSessionID = Identifier<LoginSession>

/// Where a request came from, as far as it is known.
public struct ClientDescription: Sendable, Equatable {
    /// Of the peer, as text.
    public let address: String?
    /// As it calls itself; what is beyond 255 characters is cut off.
    public let userAgent: String?

    public init(address: String? = nil, userAgent: String? = nil) {
        self.address = address
        self.userAgent = userAgent.map { String($0.prefix(255)) }
    }
}
