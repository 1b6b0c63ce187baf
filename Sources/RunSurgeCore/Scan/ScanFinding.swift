/// What happens to code that a rule finds something in.
public enum ScanPolicy: String, Sendable, Codable, CaseIterable {
    /// The code is not taken.
    case refuse
    /// The code is taken, and the finding is shown.
    case warn
    /// Nothing is said.
    case allow
}

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

    public init(rule: String, message: String, path: String, line: Int, column: Int, policy: ScanPolicy) {
        self.rule = rule
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.policy = policy
    }
}
