import Hummingbird
import Logging
import RunSurgeCore

/// Registration, login and the life of tokens.
struct AuthenticationRoutes: Sendable {
    let accounts: any AccountStore
    /// Gets the logins that were refused; nil: nobody does.
    let access: (any AccessStore)?
    let accessTokens: AccessTokens
    let refreshTokens: RefreshTokens
    let hasher: PasswordHasher
    let limiter: LoginLimiter
    let cookies: SessionCookies
    let isBehindProxy: Bool

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/auth/register", id: "register", .accounts, "Makes an account and logs in.",
                body: .json(RegistrationRequest.self, extras: .ignored),
                answers: [.json(SessionView.self, "The new account and its tokens.", headers: Self.cookieNote)],
                refusals: [
                    Refusal(.badRequest, "taken", "The name or the address that is named is somebody's already."),
                    .rateLimited, .busy,
                ], .anyone(register)),
            Endpoint(
                .post, "/api/auth/login", id: "login", .accounts, "Logs in by name or e-mail address.",
                body: .json(LoginRequest.self, extras: .ignored),
                answers: [.json(SessionView.self, "The account and its tokens.", headers: Self.cookieNote)],
                refusals: [
                    Refusal(.unauthorized, "wrong_credentials", "The name or the password is wrong."), .rateLimited,
                    .busy,
                ], .anyone(login)),
            Endpoint(
                .post, "/api/auth/refresh", id: "refresh", .accounts,
                "Exchanges a refresh token, of the body or the cookie, for new tokens.",
                body: .json(RefreshRequest.self, isRequired: false, extras: .ignored),
                answers: [.json(TokensView.self, "The new tokens.", headers: Self.cookieNote)],
                refusals: [
                    Refusal(.unauthorized, "refresh_token_missing", "Neither the body nor a cookie has one."),
                    Refusal(.unauthorized, "refresh_token_invalid", "It is unknown, expired or was used before."),
                ], .anyone(refresh)),
            Endpoint(
                .post, "/api/auth/logout", id: "logout", .accounts,
                "Revokes the refresh token and all that descend from the same login.",
                body: .json(RefreshRequest.self, isRequired: false, extras: .ignored),
                answers: [.json(MessageView.self, "Logged out.", headers: Self.cookieNote)], .anyone(logout)),
            Endpoint(
                .get, "/api/users/me", id: "me", .accounts, "Tells who the caller is; never 401.",
                answers: [.json(IdentityView.self, "Who the caller is, if anybody.")], .anyone(me)),
        ]
    }

    private static let cookieNote = ["Set-Cookie": "access_token and refresh_token, HttpOnly."]

    @Sendable private func register(_ call: Call) async throws -> Response {
        let form = try await call.body(RegistrationRequest.self)
        try limiter.attempt(address: call.address(isBehindProxy: isBehindProxy))
        let hash = try await hasher.hash(form.password)
        do {
            let user = try await accounts.createUser(username: form.username, email: form.email, passwordHash: hash)
            return try await beginSession(user, call, message: "Welcome, \(user.username).")
        } catch StoreError.conflict(let field) {
            throw APIError(.badRequest, "taken", "This \(field) is taken; choose another.", field: field)
        }
    }

    @Sendable private func login(_ call: Call) async throws -> Response {
        let form = try await call.body(LoginRequest.self)
        let account = form.usernameOrEmail.lowercased()
        let address = call.address(isBehindProxy: isBehindProxy)
        try limiter.attempt(account: account, address: address)
        guard let credentials = try await accounts.credentials(usernameOrEmail: form.usernameOrEmail) else {
            try await hasher.verifyNothing(form.password)
            throw try await refusal(of: account, nil, call)
        }
        guard try await hasher.verify(form.password, against: credentials.passwordHash) else {
            throw try await refusal(of: account, credentials.user.id, call)
        }
        limiter.succeeded(account: account, address: address)
        return try await beginSession(
            credentials.user, call, message: "Welcome back, \(credentials.user.username).")
    }

    @Sendable private func refresh(_ call: Call) async throws -> Response {
        guard let token = try await refreshToken(of: call) else {
            throw APIError(
                .unauthorized, "refresh_token_missing", "Send the refresh token as JSON or as its cookie.")
        }
        guard let (id, successor) = try await refreshTokens.rotate(token, client: client(of: call)),
            let user = try await accounts.user(id)
        else {
            throw APIError(
                .unauthorized, "refresh_token_invalid",
                "This refresh token is unknown, expired or was used before; log in again.")
        }
        let access = try await accessTokens.issue(for: user)
        var response = try JSONBody.response(TokensView(accessToken: access, refreshToken: successor))
        cookies.set(access: access, refresh: successor, on: &response)
        return response
    }

    @Sendable private func logout(_ call: Call) async throws -> Response {
        if let token = try await refreshToken(of: call) { try await refreshTokens.revokeFamily(of: token) }
        var response = try JSONBody.response(MessageView(message: "Logged out."))
        cookies.clear(on: &response)
        return response
    }

    /// Never 401: the original's client asks this to find out.
    @Sendable private func me(_ call: Call) async throws -> Response {
        guard let user = call.context.identity?.user else {
            return try JSONBody.response(IdentityView(user: nil, message: "Not logged in."))
        }
        return try JSONBody.response(IdentityView(user: UserView(user), message: "Logged in as \(user.username)."))
    }

    private func beginSession(_ user: User, _ call: Call, message: String) async throws -> Response {
        let access = try await accessTokens.issue(for: user)
        let refresh = try await refreshTokens.issue(for: user.id, client: client(of: call))
        var response = try JSONBody.response(
            SessionView(user: UserView(user), message: message, accessToken: access, refreshToken: refresh))
        cookies.set(access: access, refresh: refresh, on: &response)
        return response
    }

    private func refreshToken(of call: Call) async throws -> String? {
        try await call.optionalBody(RefreshRequest.self)?.refreshToken
            ?? call.request.cookies[SessionCookies.refreshName]?.value
    }

    private func client(of call: Call) -> ClientDescription { call.client(isBehindProxy: isBehindProxy) }

    /// Noted in the audit of the account that was tried, where there is one.
    private func refusal(of account: String, _ user: UserID?, _ call: Call) async throws -> APIError {
        try await access?.audit("login refused", subject: "account \(account)", by: user, client: client(of: call))
        return APIError(.unauthorized, "wrong_credentials", "The name or the password is wrong.")
    }
}
