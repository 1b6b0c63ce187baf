/// A loop that may be split.
public struct Region: Sendable, Codable, Equatable {
    public var node: Int
    public var line: Int
    public var kind: String
    /// The generator expression's node of a reduction call, whose own node is `node`.
    public var generator: Int?
    public var scope: String
    public var sourceText: String
    public var target: [String]
    public var globals: [String]
    public var reads: [String]
    public var variables: [RegionVariable]
    public var streams: [String]
    /// The body changes the record itself: only right when records are made anew, as from a file.
    public var recordMutated: Bool
    public var merge: String
    public var modules: [String]

    enum CodingKeys: String, CodingKey {
        case node, line, kind, generator, scope, target, globals, reads, variables, streams, merge, modules
        case sourceText = "source_text"
        case recordMutated = "record_mutated"
    }
}

/// One variable of a region and how its value gets from the chunks to the driver.
public struct RegionVariable: Sendable, Codable, Equatable {
    public var name: String
    public var role: String
    public var liveOut: Bool
    public var op: String?
    /// Node numbers, for `fold`.
    public var foldSites: [Int]?
    /// Nodes with their form, for `keyed_fold`.
    public var sites: [KeyedSite]?
    public var zero: KeyedZero?
    public var inner: String?
    public var via: [String]?
    /// What values kept in the variable may share mutable parts with: `record` and names of reads.
    public var shares: [String]

    public struct KeyedSite: Sendable, Codable, Equatable {
        public var node: Int
        public var form: String
        /// The test of a `branch` is `not in`, so its two blocks are the other way round.
        public var mirrored: Bool?
    }

    public enum KeyedZero: Sendable, Equatable, Codable {
        case int(Int)
        case float(Double)

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Int.self) {
                self = .int(value)
            } else {
                self = .float(try container.decode(Double.self))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .int(let value): try container.encode(value)
            case .float(let value): try container.encode(value)
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, role, op, sites, zero, inner, via, shares
        case zeroType = "zero_type"
        case liveOut = "live_out"
    }

    public init(name: String, role: String, liveOut: Bool) {
        self.name = name
        self.role = role
        self.liveOut = liveOut
        self.shares = []
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        role = try container.decode(String.self, forKey: .role)
        liveOut = try container.decode(Bool.self, forKey: .liveOut)
        op = try container.decodeIfPresent(String.self, forKey: .op)
        foldSites = try? container.decode([Int].self, forKey: .sites)
        sites = try? container.decode([KeyedSite].self, forKey: .sites)
        zero = try container.decodeIfPresent(KeyedZero.self, forKey: .zero)
        if try container.decodeIfPresent(String.self, forKey: .zeroType) == "float", case .int(let value)? = zero {
            zero = .float(Double(value))
        }
        inner = try container.decodeIfPresent(String.self, forKey: .inner)
        via = try container.decodeIfPresent([String].self, forKey: .via)
        shares = try container.decodeIfPresent([String].self, forKey: .shares) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(role, forKey: .role)
        try container.encode(liveOut, forKey: .liveOut)
        try container.encodeIfPresent(op, forKey: .op)
        try container.encodeIfPresent(foldSites, forKey: .sites)
        try container.encodeIfPresent(sites, forKey: .sites)
        try container.encodeIfPresent(zero, forKey: .zero)
        // JSON writers may print 0.0 as 0, and the two are different constants in Python.
        if let zero { try container.encode({ if case .int = zero { "int" } else { "float" } }(), forKey: .zeroType) }
        try container.encodeIfPresent(inner, forKey: .inner)
        try container.encodeIfPresent(via, forKey: .via)
        try container.encode(shares, forKey: .shares)
    }
}
