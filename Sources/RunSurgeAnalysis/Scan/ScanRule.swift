public import RunSurgeCore

/// One thing that submitted code is looked through for.
public struct ScanRule: Sendable, Equatable {
    public let id: String
    public let policy: ScanPolicy
    /// What the code does, to go on behind a name: "starts other programs".
    public let message: String
    /// Full names, as `os.system`; `subprocess.*` is everything of a module.
    public let names: [String]
    /// Names of attributes, whatever they are attributes of.
    public let attributes: [String]
}

extension ScanRule: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case id, policy, message, names, attributes }

    /// - Throws: `DecodingError`; also for a key that nobody knows: a misspelt policy is not to pass for none.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseKeys(besides: Key.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: Key.self)
        id = try container.decode(String.self, forKey: .id)
        policy = try container.decodeIfPresent(ScanPolicy.self, forKey: .policy) ?? .warn
        message = try container.decode(String.self, forKey: .message)
        names = try container.decodeIfPresent([String].self, forKey: .names) ?? []
        attributes = try container.decodeIfPresent([String].self, forKey: .attributes) ?? []
        for name in names + attributes where !Self.isName(name) {
            throw DecodingError.dataCorruptedError(
                forKey: .names, in: container, debugDescription: "\(id): \"\(name)\" is no name, nor module.*")
        }
        guard !id.isEmpty, id.utf8.allSatisfy(Self.isOfIdentifier) else {
            throw DecodingError.dataCorruptedError(
                forKey: .id, in: container, debugDescription: "\"\(id)\" is not of lower-case letters, digits and -")
        }
    }

    private static func isOfIdentifier(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
    }

    private static func isName(_ text: String) -> Bool {
        var parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > 1, parts.last == "*" { parts.removeLast() }
        return parts.allSatisfy { part in
            part.first?.isNumber == false && part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        }
    }
}

/// A key of any text.
private struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    func refuseKeys(besides known: [String]) throws {
        let container = try container(keyedBy: AnyKey.self)
        for key in container.allKeys where !known.contains(key.stringValue) {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription: "\"\(key.stringValue)\" is none of \(known.joined(separator: ", "))")
        }
    }
}
