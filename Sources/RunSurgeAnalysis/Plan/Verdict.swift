/// What was decided about one loop, comprehension or reduction call, and why.
public struct Verdict: Sendable, Codable, Equatable {
    public var line: Int
    public var endLine: Int
    public var node: Int
    public var kind: String
    public var parallel: Bool
    public var source: String
    public var merge: String?
    public var reason: String?
    public var reasonCode: String?
    public var variable: String?
    public var reasonLine: Int?
    public var roles: [String: String]
    public var reads: [String]

    enum CodingKeys: String, CodingKey {
        case line, node, kind, parallel, source, merge, reason, variable, roles, reads
        case endLine = "end_line"
        case reasonLine = "reason_line"
        case reasonCode = "reason_code"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(line, forKey: .line)
        try container.encode(endLine, forKey: .endLine)
        try container.encode(node, forKey: .node)
        try container.encode(kind, forKey: .kind)
        try container.encode(parallel, forKey: .parallel)
        try container.encode(source, forKey: .source)
        try container.encode(merge, forKey: .merge)
        try container.encode(reason, forKey: .reason)
        try container.encode(reasonCode, forKey: .reasonCode)
        try container.encode(variable, forKey: .variable)
        try container.encode(reasonLine, forKey: .reasonLine)
        try container.encode(roles, forKey: .roles)
        try container.encode(reads, forKey: .reads)
    }
}
