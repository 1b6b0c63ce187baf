import HTTPTypes
import Hummingbird

/// Lets browsers of the configured origins call with credentials (CORS). All others get no header, so the browser
/// refuses by itself.
struct CrossOriginMiddleware: RouterMiddleware {
    private static let methods = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
    private static let exposed = "Allow, Content-Disposition, Content-Range, ETag, Link, Location, Retry-After"
    /// Seconds for which a browser remembers the answer.
    private static let maxAge = "600"

    let allowedOrigins: Set<String>

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], allowedOrigins.contains(origin) else {
            return try await next(request, context)
        }
        let isPreflight = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response = isPreflight ? Response(status: .noContent) : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowCredentials] = "true"
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        if isPreflight {
            response.headers[.accessControlAllowMethods] = Self.methods
            response.headers[.accessControlAllowHeaders] =
                request.headers[.accessControlRequestHeaders] ?? "Authorization, Content-Type"
            response.headers[.accessControlMaxAge] = Self.maxAge
        } else {
            response.headers[.accessControlExposeHeaders] = Self.exposed
        }
        return response
    }
}
