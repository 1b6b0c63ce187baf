import Hummingbird
import RunSurgeCore

/// Finds out who sends a request; routes decide whether that is enough.
struct Authenticator: RouterMiddleware {
    let tokens: AccessTokens
    let accounts: any AccountStore
    let isBlobPass: @Sendable (String) -> Bool
    let operatorToken: APIConfiguration.OperatorToken?

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let token = Self.token(of: request) { context.identity = try await identity(of: token) }
        return try await next(request, context)
    }

    private func identity(of token: String) async throws -> Identity? {
        if isBlobPass(token) { return .worker }
        if let operatorToken, ConstantTime.areEqual(operatorToken.token, token) {
            return try await accounts.user(operatorToken.user).map(Identity.user)
        }
        return await tokens.user(of: token).map(Identity.user)
    }

    /// The bearer token, else the one of the cookie.
    static func token(of request: Request) -> String? {
        if let header = request.headers[.authorization] {
            let words = header.split(separator: " ")
            guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
            return String(words[1])
        }
        return request.cookies[SessionCookies.accessName]?.value
    }
}
