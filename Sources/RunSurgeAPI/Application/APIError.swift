import Hummingbird
import RunSurgeCore

/// A refusal with its status, a stable code and a sentence that says what to do.
struct APIError: Error, Equatable {
    let status: HTTPResponse.Status
    let code: String
    let detail: String
    var field: String?
    /// What the scan of code has found, when it is refused for that.
    var findings: [ScanFinding]?
    /// Seconds after which the same request may succeed.
    var retryAfter: Int?
    /// Methods that the path has, for 405.
    var allowed: String?

    init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String, field: String? = nil, retryAfter: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.retryAfter = retryAfter
    }

    static func invalid(_ field: String, _ detail: String) -> APIError {
        APIError(.unprocessableContent, "invalid_field", detail, field: field)
    }

    static func wrongMethod(_ method: HTTPRequest.Method, allowed: String) -> APIError {
        var error = APIError(
            .methodNotAllowed, "method_not_allowed", "There is no \(method) here; there is \(allowed).")
        error.allowed = allowed
        return error
    }

    static func tooLarge(_ detail: String) -> APIError { APIError(.contentTooLarge, "too_large", detail) }

    static let unauthenticated = APIError(
        .unauthorized, "unauthenticated",
        "This needs a login: send the access token as `Authorization: Bearer` or as the access_token cookie.")

    static func unknownJob(_ id: JobID) -> APIError { APIError(.notFound, "job_not_found", "There is no job \(id).") }

    static let noSuchJob = APIError(.notFound, "job_not_found", "There is no such job.")

    static let noSuchNode = APIError(.notFound, "node_not_found", "There is no such node.")

    static let foreignJob = APIError(.forbidden, "forbidden", "This job belongs to somebody else.")

    static let unknownBlob = APIError(.notFound, "blob_not_found", "There is no such blob, or it is not yours to read.")

    static let storageFull = APIError(.insufficientStorage, "storage_full", BlobError.storageFull.description)
}

extension HTTPResponse.Status {
    static let insufficientStorage = Self(code: 507, reasonPhrase: "Insufficient Storage")
}
