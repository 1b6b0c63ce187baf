internal import Yams

/// The rules that submitted code is looked through with, from a file that an operator edits.
public struct ScanRules: Sendable, Equatable {
    /// In the file's order.
    public let rules: [ScanRule]

    /// Those that RunSurge brings, and the text of their file, to start one's own from.
    public static let standardText = String(decoding: PackageResources.rules_yaml, as: UTF8.self)

    /// Those of `standardText`.
    public static let standard: ScanRules = {
        do {
            return try ScanRules(yaml: standardText)
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// - Throws: `ScanError.rules` with what is wrong in the file.
    public init(yaml: String) throws(ScanError) {
        do {
            rules = try YAMLDecoder().decode(File.self, from: yaml).rules
        } catch DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
            DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context)
        {
            let place = context.codingPath.map { $0.intValue.map { "entry \($0 + 1)" } ?? $0.stringValue }
            let reason = context.underlyingError.map { "\($0)" } ?? context.debugDescription
            throw .rules((place + [reason]).joined(separator: ": "))
        } catch {
            throw .rules(String(describing: error))
        }
        guard !rules.isEmpty else { throw .rules("there are none") }
        for (index, rule) in rules.enumerated() where rules[..<index].contains(where: { $0.id == rule.id }) {
            throw .rules("there are two with the id \(rule.id)")
        }
    }

    private struct File: Decodable {
        let rules: [ScanRule]

        private enum Key: String, CodingKey { case rules }

        init(from decoder: any Decoder) throws {
            try decoder.refuseKeys(besides: ["rules"])
            rules = try decoder.container(keyedBy: Key.self).decode([ScanRule].self, forKey: .rules)
        }
    }
}
