import Hummingbird
import Logging
import RunSurgeCore

/// Registration, login and the life of tokens.
struct AuthenticationRoutes: Sendable {
    let accounts: any AccountStore
    let accessTokens: AccessTokens
    let refreshTokens: RefreshTokens
    let hasher: PasswordHasher
    let limiter: LoginLimiter
    let cookies: SessionCookies
    let isBehindProxy: Bool

    func add(to router: Router<APIRequestContext>) {
        router.post("/api/auth/register", use: register)
        router.post("/api/auth/login", use: login)
        router.post("/api/auth/refresh", use: refresh)
        router.post("/api/auth/logout", use: logout)
        router.get("/api/users/me", use: me)
    }

    @Sendable private func register(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let form = try await JSONBody.decode(RegistrationRequest.self, from: request)
        try RegistrationRules.check(form)
        try limiter.attempt(address: context.address(of: request, isBehindProxy: isBehindProxy))
        let hash = try await hasher.hash(form.password)
        do {
            let user = try await accounts.createUser(username: form.username, email: form.email, passwordHash: hash)
            return try await beginSession(user, message: "Welcome, \(user.username).")
        } catch StoreError.conflict(let field) {
            throw APIError(.badRequest, "taken", "This \(field) is taken; choose another.", field: field)
        }
    }

    @Sendable private func login(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let form = try await JSONBody.decode(LoginRequest.self, from: request)
        let account = form.usernameOrEmail.lowercased()
        let address = context.address(of: request, isBehindProxy: isBehindProxy)
        guard account.utf8.count <= RegistrationRules.emailBytes,
            form.password.utf8.count <= RegistrationRules.passwordBytes.upperBound
        else { throw Self.wrongCredentials }
        try limiter.attempt(account: account, address: address)
        guard let credentials = try await accounts.credentials(usernameOrEmail: form.usernameOrEmail) else {
            try await hasher.verifyNothing(form.password)
            throw Self.wrongCredentials
        }
        guard try await hasher.verify(form.password, against: credentials.passwordHash) else {
            throw Self.wrongCredentials
        }
        limiter.succeeded(account: account, address: address)
        return try await beginSession(credentials.user, message: "Welcome back, \(credentials.user.username).")
    }

    @Sendable private func refresh(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        guard let token = try await refreshToken(of: request) else {
            throw APIError(
                .unauthorized, "refresh_token_missing", "Send the refresh token as JSON or as its cookie.")
        }
        guard let (id, successor) = try await refreshTokens.rotate(token), let user = try await accounts.user(id) else {
            throw APIError(
                .unauthorized, "refresh_token_invalid",
                "This refresh token is unknown, expired or was used before; log in again.")
        }
        let access = try await accessTokens.issue(for: user)
        var response = try JSONBody.response(TokensView(accessToken: access, refreshToken: successor))
        cookies.set(access: access, refresh: successor, on: &response)
        return response
    }

    @Sendable private func logout(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        if let token = try await refreshToken(of: request) { try await refreshTokens.revokeFamily(of: token) }
        var response = try JSONBody.response(MessageView(message: "Logged out."))
        cookies.clear(on: &response)
        return response
    }

    /// Never 401: the original's client asks this to find out.
    @Sendable private func me(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        guard case .user(let user) = context.identity else {
            return try JSONBody.response(IdentityView(user: nil, message: "Not logged in."))
        }
        return try JSONBody.response(IdentityView(user: UserView(user), message: "Logged in as \(user.username)."))
    }

    private func beginSession(_ user: User, message: String) async throws -> Response {
        let access = try await accessTokens.issue(for: user)
        let refresh = try await refreshTokens.issue(for: user.id)
        var response = try JSONBody.response(
            SessionView(user: UserView(user), message: message, accessToken: access, refreshToken: refresh))
        cookies.set(access: access, refresh: refresh, on: &response)
        return response
    }

    private func refreshToken(of request: Request) async throws -> String? {
        let cookie = request.cookies[SessionCookies.refreshName]?.value
        guard let buffer = try? await request.body.collect(upTo: Limits.jsonBodyBytes), buffer.readableBytes > 0 else {
            return cookie
        }
        let bytes = Array(buffer.readableBytesView)
        return try JSONBody.decode(RefreshRequest.self, from: bytes, field: "body").refreshToken ?? cookie
    }

    private static let wrongCredentials = APIError(
        .unauthorized, "wrong_credentials", "The name or the password is wrong.")
}
