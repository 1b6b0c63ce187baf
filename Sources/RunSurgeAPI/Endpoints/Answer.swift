import Hummingbird

/// What a route answers when it does what it is asked.
struct Answer: Sendable {
    enum Content: Sendable {
        case none
        case json(Schema)
        /// Of any of these media types.
        case media([String])
        /// Server-sent, one after the other.
        case events
    }

    let status: HTTPResponse.Status
    let note: String
    let content: Content
    /// What each header says.
    let headers: [String: String]

    init(_ status: HTTPResponse.Status, _ note: String, _ content: Content, headers: [String: String] = [:]) {
        self.status = status
        self.note = note
        self.content = content
        self.headers = headers
    }

    static func json<Value: Decodable>(
        _ type: Value.Type, _ note: String, status: HTTPResponse.Status = .ok, headers: [String: String] = [:]
    ) -> Answer {
        Answer(status, note, .json(.of(type)), headers: headers)
    }

    /// What a stored file is answered with.
    static func file(_ note: String, mediaTypes: [String] = ["application/octet-stream"]) -> [Answer] {
        let headers = ["ETag": "The file's SHA-256.", "Accept-Ranges": "bytes"]
        let range = headers.merging(["Content-Range": "Which bytes these are, and of how many."]) { $1 }
        return [
            Answer(.ok, note, .media(mediaTypes), headers: headers),
            Answer(.partialContent, "The bytes of the Range header.", .media(mediaTypes), headers: range),
            Answer(.notModified, "The file is the one of If-None-Match.", .none, headers: headers),
            Answer(.rangeNotSatisfiable, "The file ends before the Range header begins.", .none, headers: range),
        ]
    }
}
