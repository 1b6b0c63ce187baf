/// A session as its owner sees it.
public struct LoginSessionView: Sendable, Codable, Equatable {
    public let sessionID: LoginSessionID
    public let address: String?
    public let userAgent: String?
    public let createdAt: String
    public let lastUsedAt: String
    public let expiresAt: String

    public init(_ session: LoginSession) {
        sessionID = session.id
        address = session.client.address
        userAgent = session.client.userAgent
        createdAt = session.createdAt.iso8601
        lastUsedAt = session.lastUsedAt.iso8601
        expiresAt = session.expiresAt.iso8601
    }

    private enum CodingKeys: String, CodingKey {
        case sessionID = "session_id"
        case address
        case userAgent = "user_agent"
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
        case expiresAt = "expires_at"
    }
}

/// One page of the caller's sessions, newest first.
public struct LoginSessionListView: Sendable, Codable {
    public let sessions: [LoginSessionView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(sessions: [LoginSessionView], nextCursor: String?) {
        self.sessions = sessions
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case sessions
        case nextCursor = "next_cursor"
    }
}

/// Body of `POST /api/users/tokens`.
public struct APITokenRequest: Sendable, Codable {
    /// What its owner knows it by.
    public let name: String
    /// Seconds; nil: it does not expire.
    public let lifetime: Int?

    public init(name: String, lifetime: Int?) {
        self.name = name
        self.lifetime = lifetime
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case lifetime = "lifetime_seconds"
    }
}

/// A token of a script as its owner sees it.
public struct APITokenView: Sendable, Codable, Equatable {
    public let tokenID: APITokenID
    public let name: String
    public let createdAt: String
    /// To the minute.
    public let lastUsedAt: String?
    public let expiresAt: String?
    public let revokedAt: String?

    public init(_ token: APIToken) {
        tokenID = token.id
        name = token.name
        createdAt = token.createdAt.iso8601
        lastUsedAt = token.lastUsedAt?.iso8601
        expiresAt = token.expiresAt?.iso8601
        revokedAt = token.revokedAt?.iso8601
    }

    private enum CodingKeys: String, CodingKey {
        case tokenID = "token_id"
        case name
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
        case expiresAt = "expires_at"
        case revokedAt = "revoked_at"
    }
}

/// Answer to `POST /api/users/tokens`.
public struct NewAPITokenView: Sendable, Codable {
    /// The secret. It is shown once: nil when the request is repeated by its idempotency key.
    public let token: String?
    public let description: APITokenView

    public init(token: String?, description: APITokenView) {
        self.token = token
        self.description = description
    }
}

/// One page of the caller's tokens, newest first.
public struct APITokenListView: Sendable, Codable {
    public let tokens: [APITokenView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(tokens: [APITokenView], nextCursor: String?) {
        self.tokens = tokens
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case tokens
        case nextCursor = "next_cursor"
    }
}
