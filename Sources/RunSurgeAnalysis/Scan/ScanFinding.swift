/// A place in submitted code that a rule speaks of.
public struct ScanFinding: Sendable, Hashable, Codable {
    /// The rule's id.
    public let rule: String
    /// What is there and what it does.
    public let message: String
    /// Of the script or a module of its own.
    public let path: String
    /// From 1.
    public let line: Int
    /// From 1, in bytes of UTF-8.
    public let column: Int
    public let policy: ScanPolicy
}

/// What a scan has found, in the order of the text.
public struct ScanReport: Sendable, Equatable, Codable {
    /// None of what is allowed.
    public let findings: [ScanFinding]

    public init(findings: [ScanFinding]) { self.findings = findings }

    /// Whether the code may not be taken.
    public var isRefused: Bool { findings.contains { $0.policy == .refuse } }
}
