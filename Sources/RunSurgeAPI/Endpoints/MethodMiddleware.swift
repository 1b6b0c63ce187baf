import HTTPTypes
import Hummingbird

/// Answers what is asked of a known path in an unknown way: 405, or what the path can do for OPTIONS.
struct MethodMiddleware: RouterMiddleware {
    let table: EndpointTable

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let methods = table.methods(at: request.uri.path)
            guard !methods.isEmpty else { throw error }
            let allowed = methods.map(\.rawValue).joined(separator: ", ")
            if request.method == .options { return Response(status: .noContent, headers: [.allow: allowed]) }
            throw APIError.wrongMethod(request.method, allowed: allowed)
        }
    }
}
