/// Which top-level statements of a script depend on which.
public struct DependencyGraph: Sendable, Codable, Equatable {
    public var statements: [Statement]
    public var edges: [Edge]

    /// A top-level statement.
    public struct Statement: Sendable, Codable, Equatable {
        /// Position in the script, from 0.
        public var index: Int
        public var line: Int
        public var endLine: Int
        public var text: String
    }

    /// `to` comes after `from` in the script, or is it for a carried dependence.
    public struct Edge: Sendable, Codable, Hashable {
        public var from: Int
        public var to: Int
        public var kind: Kind
        /// The variable, or `output` for what both write to streams and files.
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

    public init(statements: [Statement], edges: [Edge]) {
        self.statements = statements
        self.edges = edges
    }
}
