import Hummingbird
import RunSurgeCore

/// Finds out who sends a request; routes decide whether that is enough.
struct Authenticator: RouterMiddleware {
    let tokens: AccessTokens
    /// nil: there are no tokens of scripts.
    let access: (any AccessStore)?
    let isBlobPass: @Sendable (String) -> Bool
    let operatorToken: APIConfiguration.OperatorToken?

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let token = Self.bearer(of: request) {
            context.identity = try await identity(of: token)
        } else if request.headers[.authorization] == nil, let token = Self.cookie(of: request) {
            context.identity = await tokens.user(of: token).map(Identity.user)
        }
        return try await next(request, context)
    }

    private func identity(of token: String) async throws -> Identity? {
        if isBlobPass(token) { return .worker }
        if let operatorToken, ConstantTime.areEqual(operatorToken.token, token) {
            return .user(operatorToken.user)
        }
        if let access, ScriptToken.looksLike(token) {
            return try await access.useToken(hash: OpaqueToken.hash(token)).map(Identity.script)
        }
        return await tokens.user(of: token).map(Identity.user)
    }

    static func bearer(of request: Request) -> String? {
        guard let words = request.headers[.authorization]?.utf8.split(separator: UInt8(ascii: " ")), words.count == 2,
            words[0].elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 })
        else { return nil }
        return String(Substring(words[1]))
    }

    private static func cookie(of request: Request) -> String? {
        request.cookies[SessionCookies.accessName]?.value
    }
}
