/// Which top-level statements of a script depend on which.
public struct DependencyGraph: Sendable, Codable, Equatable {
    public var statements: [Statement]
    public var edges: [Edge]
    /// Whether the effects of every statement could be followed within the bounds.
    public var isComplete: Bool

    enum CodingKeys: String, CodingKey {
        case statements, edges
        case isComplete = "complete"
    }

    /// A top-level statement.
    public struct Statement: Sendable, Codable, Equatable {
        /// Position in the script, from 0.
        public var index: Int
        public var line: Int
        public var endLine: Int
        public var text: String

        enum CodingKeys: String, CodingKey {
            case index, line, text
            case endLine = "end_line"
        }
    }

    /// `to` comes after `from` in the script; for a carried dependence they are the same.
    public struct Edge: Sendable, Codable, Hashable {
        public var from: Int
        public var to: Int
        public var kind: Kind
        /// The variable, or stream, or `unknown effects`.
        public var name: String
    }

    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Written, then read.
        case flow
        /// Read, then written.
        case anti
        /// Written, then written.
        case output
        /// From one iteration of a loop to the next.
        case carried
    }

    public init(statements: [Statement], edges: [Edge], isComplete: Bool = true) {
        self.statements = statements
        self.edges = edges
        self.isComplete = isComplete
    }
}
