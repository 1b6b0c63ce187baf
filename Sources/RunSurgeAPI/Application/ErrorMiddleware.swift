import HTTPTypes
import Hummingbird
import Logging
import RunSurgeCore

/// Turns everything that a route throws into `{"detail", "code"}` with its status.
struct ErrorMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let refusal = Self.refusal(for: error, of: request, logger: context.logger)
            var response = try JSONBody.response(
                ErrorView(
                    detail: refusal.detail, code: refusal.code, field: refusal.field, findings: refusal.findings),
                status: refusal.status)
            if let seconds = refusal.retryAfter { response.headers[.retryAfter] = String(seconds) }
            if let methods = refusal.allowed { response.headers[.allow] = methods }
            if refusal.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
            if Self.mayHaveUnreadBody(request) { response.headers[.connection] = "close" }
            return response
        }
    }

    private static func refusal(for error: any Error, of request: Request, logger: Logger) -> APIError {
        switch error {
        case let refusal as APIError: return refusal
        case is AsyncLimit.Busy:
            return APIError(.serviceUnavailable, "busy", "The server is busy; try again in a second.", retryAfter: 1)
        case BlobError.storageFull: return .storageFull
        case BlobError.notFound: return .unknownBlob
        case let error as HTTPError: return refusal(for: error, of: request)
        case is CancellationError:
            return APIError(.serviceUnavailable, "shutting_down", "The server is shutting down; try again.")
        default:
            logger.error(
                "Request failed",
                metadata: [
                    "method": "\(request.method)", "path": "\(request.uri.path)",
                    "error": "\(String(reflecting: error))",
                ])
            return APIError(
                .internalServerError, "internal_error",
                "The server could not do this; its log says why. Trying again may help.")
        }
    }

    private static func refusal(for error: HTTPError, of request: Request) -> APIError {
        switch error.status {
        case .notFound:
            APIError(.notFound, "no_such_route", "There is nothing at \(request.method) \(request.uri.path).")
        case .contentTooLarge:
            .tooLarge("The body is larger than \(Limits.jsonBodyBytes) bytes.")
        default:
            APIError(error.status, "bad_request", error.body ?? error.status.reasonPhrase)
        }
    }

    /// What is left of a large body is not worth reading only to keep the connection.
    private static func mayHaveUnreadBody(_ request: Request) -> Bool {
        guard let length = request.announcedLength else {
            return request.headers[.transferEncoding] != nil
        }
        return length > Limits.jsonBodyBytes
    }
}
