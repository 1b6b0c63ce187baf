/// Body of `POST /api/auth/register`.
public struct RegistrationRequest: Sendable, Codable {
    public let username: String
    public let email: String
    public let password: String

    public init(username: String, email: String, password: String) {
        self.username = username
        self.email = email
        self.password = password
    }
}

/// Body of `POST /api/auth/login`.
public struct LoginRequest: Sendable, Codable {
    public let usernameOrEmail: String
    public let password: String

    public init(usernameOrEmail: String, password: String) {
        self.usernameOrEmail = usernameOrEmail
        self.password = password
    }

    private enum CodingKeys: String, CodingKey {
        case usernameOrEmail = "username_or_email"
        case password
    }
}

/// Body of `POST /api/auth/refresh` and `/logout`; browsers send the cookie instead.
public struct RefreshRequest: Sendable, Codable {
    public let refreshToken: String?

    public init(refreshToken: String?) { self.refreshToken = refreshToken }

    private enum CodingKeys: String, CodingKey { case refreshToken = "refresh_token" }
}

public struct UserView: Sendable, Codable, Equatable {
    public let userID: UserID
    public let username: String
    public let email: String

    public init(_ user: User) {
        userID = user.id
        username = user.username
        email = user.email
    }

    private enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case username, email
    }
}

/// Answer to register and login. The tokens are in the cookies too; programs read them here.
public struct SessionView: Sendable, Codable {
    public let user: UserView
    public let message: String
    public let success: Bool
    public let accessToken: String
    public let refreshToken: String
    public let tokenType: String

    public init(user: UserView, message: String, accessToken: String, refreshToken: String) {
        self.user = user
        self.message = message
        self.success = true
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.tokenType = "bearer"
    }

    private enum CodingKeys: String, CodingKey {
        case user, message, success
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case tokenType = "token_type"
    }
}

/// Answer to refresh.
public struct TokensView: Sendable, Codable {
    public let accessToken: String
    public let refreshToken: String
    public let tokenType: String

    public init(accessToken: String, refreshToken: String) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.tokenType = "bearer"
    }

    private enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case tokenType = "token_type"
    }
}

/// Answer to `GET /api/users/me`.
public struct IdentityView: Sendable, Codable {
    public let isAuthenticated: Bool
    public let user: UserView?
    public let message: String

    public init(user: UserView?, message: String) {
        self.isAuthenticated = user != nil
        self.user = user
        self.message = message
    }

    private enum CodingKeys: String, CodingKey { case status, user, message }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        isAuthenticated = try container.decode(String.self, forKey: .status) == "authenticated"
        user = try container.decodeIfPresent(UserView.self, forKey: .user)
        message = try container.decode(String.self, forKey: .message)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isAuthenticated ? "authenticated" : "unauthenticated", forKey: .status)
        // Not left out when nil: the original's client looks for the key.
        try container.encode(user, forKey: .user)
        try container.encode(message, forKey: .message)
    }
}
