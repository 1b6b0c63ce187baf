public import RunSurgeCore

/// What a scan has found, in the order of the text.
public struct ScanReport: Sendable, Equatable, Codable {
    /// None of what is allowed.
    public let findings: [ScanFinding]

    public init(findings: [ScanFinding]) { self.findings = findings }

    /// Whether the code may not be taken.
    public var isRefused: Bool { findings.contains { $0.policy == .refuse } }
}
