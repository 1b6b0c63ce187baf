/// One page of a node's history, newest first.
public struct NodeLogView: Sendable, Codable, Equatable {
    public struct Entry: Sendable, Codable, Equatable {
        /// ISO 8601 in UTC.
        public let at: String
        public let kind: String
        /// Of the master that saw it.
        public let term: Int64
        public let slots: Int
        public let memoryBytes: Int64
        public let detail: String

        public init(_ entry: NodeLogEntry) {
            at = entry.at.iso8601
            kind = entry.kind.rawValue
            term = entry.term
            slots = entry.slots
            memoryBytes = entry.memory
            detail = entry.detail
        }

        private enum CodingKeys: String, CodingKey {
            case at, kind, term, slots, detail
            case memoryBytes = "memory_bytes"
        }
    }

    public let nodeID: NodeID
    public let entries: [Entry]
    /// `before` of the next page, microseconds since 1970; nil on the last.
    public let nextBefore: Int64?

    /// - Parameter limit: of the page; a full one may have a successor.
    public init(node: NodeID, entries: [NodeLogEntry], limit: Int) {
        nodeID = node
        self.entries = entries.map(Entry.init)
        nextBefore = entries.count < limit ? nil : entries.last?.at.microseconds
    }

    private enum CodingKeys: String, CodingKey {
        case nodeID = "node_id"
        case entries
        case nextBefore = "next_before"
    }
}
