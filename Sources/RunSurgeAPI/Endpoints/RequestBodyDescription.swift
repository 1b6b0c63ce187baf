import Hummingbird

/// What a route reads of a request's body.
enum RequestBodyDescription: Sendable {
    struct JSON: Sendable {
        let type: any (Decodable & Sendable).Type
        let schema: Schema
        let isRequired: Bool
    }

    /// Fields that no endpoint needs to know.
    enum Extras: Sendable {
        /// So that clients of the original system may send what they like.
        case ignored
        case refused
    }

    case none
    case json(JSON)
    /// multipart/form-data, read part by part by the handler.
    case form(Schema)
    /// Whatever it is.
    case bytes(String)

    static func json<Value: Decodable & Sendable>(
        _ type: Value.Type, isRequired: Bool = true, extras: Extras = .refused
    ) -> RequestBodyDescription {
        let schema = Schema.of(type)
        return .json(JSON(type: type, schema: extras == .refused ? schema.closed : schema, isRequired: isRequired))
    }

    /// - Throws: 415 for a body that says it is something else. One that says nothing is believed.
    func checkMediaType(of request: Request) throws(APIError) {
        let wanted: String
        switch self {
        case .none, .bytes: return
        case .json(let body):
            if !body.isRequired, !Self.hasBody(request) { return }
            wanted = "application/json"
        case .form: wanted = "multipart/form-data"
        }
        guard let stated = request.headers[.contentType] else { return }
        guard HeaderParameters(stated).value == wanted else {
            throw APIError(
                .unsupportedMediaType, "unsupported_media_type",
                "The body is said to be \(stated); send \(wanted) and say so in Content-Type.")
        }
    }

    private static func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || request.headers[.contentLength].map { $0 != "0" } ?? false
    }

    var refusals: [Refusal] {
        switch self {
        case .none: []
        case .json: [.tooLarge, .unsupportedMediaType]
        case .form: [.unsupportedMediaType, .malformedForm, .truncatedBody] + Refusal.upload
        case .bytes: Refusal.upload
        }
    }
}
