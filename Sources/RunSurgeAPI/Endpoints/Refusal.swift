import Hummingbird

/// A way in which a route may refuse a request.
struct Refusal: Sendable {
    let status: HTTPResponse.Status
    /// Stable.
    let code: String
    /// When; a sentence.
    let note: String

    init(_ status: HTTPResponse.Status, _ code: String, _ note: String) {
        self.status = status
        self.code = code
        self.note = note
    }

    static let unauthenticated = Refusal(.unauthorized, "unauthenticated", "There is no login, or it has expired.")
    static let workersToken = Refusal(.forbidden, "forbidden", "A worker's token is good for blobs only.")
    static let scriptsToken = Refusal(.forbidden, "login_needed", "An API token may not do this.")
    static let invalidField = Refusal(
        .unprocessableContent, "invalid_field",
        "The field that is named is missing, unknown, repeated or not as described; query parameters too.")
    static let tooLarge = Refusal(.contentTooLarge, "too_large", "The body is larger than its limit.")
    static let unsupportedMediaType = Refusal(
        .unsupportedMediaType, "unsupported_media_type", "Content-Type says that the body is something else.")
    static let malformedForm = Refusal(
        .unprocessableContent, "malformed_multipart", "The body is not multipart/form-data.")
    static let truncatedBody = Refusal(.badRequest, "truncated_body", "The body ends before its last boundary.")
    static let busy = Refusal(.serviceUnavailable, "busy", "Too many wait already; see Retry-After.")
    static let rateLimited = Refusal(.tooManyRequests, "rate_limited", "Too many attempts; see Retry-After.")
    static let storageFull = Refusal(.insufficientStorage, "storage_full", "The disk for blobs is full.")
    static let unknownBlob = Refusal(.notFound, "blob_not_found", "There is no such blob, or it is not the caller's.")
    static let internalError = Refusal(.internalServerError, "internal_error", "The server's log says why.")
    static let shuttingDown = Refusal(.serviceUnavailable, "shutting_down", "The server is shutting down.")

    /// Of routes that store what they are sent.
    static let upload = [
        tooLarge, busy, storageFull,
        Refusal(.badRequest, "connection_cut", "The connection broke before the body was complete."),
        Refusal(.requestTimeout, "too_slow", "The body comes too slowly."),
    ]

    /// Of routes about one job.
    static let job = [
        Refusal(.notFound, "job_not_found", "There is no such job."),
        Refusal(.forbidden, "forbidden", "The job is somebody else's."),
    ]

    /// Of routes about what a job left.
    static let outcome = [
        Refusal(.notFound, "not_yet", "The job has not come to this yet."),
        Refusal(.notFound, "job_failed", "The job failed."),
        Refusal(.notFound, "job_cancelled", "The job was cancelled."),
    ]
}
