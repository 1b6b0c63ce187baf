/// The body of every answer that refuses a request.
public struct ErrorView: Sendable, Codable, Equatable {
    /// A sentence for a human being.
    public let detail: String
    /// Stable; for programs.
    public let code: String
    /// The field that is wrong, for 422.
    public let field: String?
    /// What the scan of code has found, when it is refused for that.
    public let findings: [ScanFinding]?

    public init(detail: String, code: String, field: String? = nil, findings: [ScanFinding]? = nil) {
        self.detail = detail
        self.code = code
        self.field = field
        self.findings = findings
    }
}

/// An answer that has nothing more to say.
public struct MessageView: Sendable, Codable, Equatable {
    public let message: String

    public init(message: String) { self.message = message }
}
