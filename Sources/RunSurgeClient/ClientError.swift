import RunSurgeCore

/// Why a call to the master failed. The description is a sentence for the person at the terminal.
public struct ClientError: Error, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The master answered with a status of 400 or more.
        case refused
        /// There was no answer: nothing listens, no route, a broken name or certificate.
        case unreachable
        /// The connection broke on the way.
        case interrupted
        /// What came is not what was asked for.
        case unexpectedAnswer
        /// A file of this machine could not be read or written.
        case localFile
    }

    public let kind: Kind
    /// HTTP status; nil when there was no answer.
    public let status: Int?
    /// Stable; the master's own code when it refused.
    public let code: String
    public let detail: String
    /// The field that the master found wrong.
    public let field: String?

    public init(_ kind: Kind, status: Int? = nil, code: String, detail: String, field: String? = nil) {
        self.kind = kind
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
    }

    public var description: String { detail }

    /// Whether the same call may succeed when it is repeated and repeating does no harm.
    public var isRetriable: Bool {
        switch kind {
        case .unreachable, .interrupted: true
        case .refused: [408, 429, 500, 502, 503, 504].contains(status)
        case .unexpectedAnswer, .localFile: false
        }
    }

    /// Whether nothing was done here, and another master of the same database may do it at once.
    var isForAnotherMaster: Bool { kind == .unreachable || code == "not_leading" }

    static func refused(status: Int, view: ErrorView?, url: String) -> ClientError {
        guard let view else {
            return ClientError(
                .refused, status: status, code: "http_\(status)",
                detail: "\(url) answered with status \(status) and no explanation; is it a RunSurge master?")
        }
        return ClientError(.refused, status: status, code: view.code, detail: view.detail, field: view.field)
    }

    static func unexpected(_ detail: String) -> ClientError {
        ClientError(.unexpectedAnswer, code: "unexpected_answer", detail: detail)
    }
}
