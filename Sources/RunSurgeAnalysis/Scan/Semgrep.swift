internal import Foundation
internal import RunSurgeCore

/// The rules as semgrep reads them, and its report.
public enum Semgrep {
    private struct Config: Encodable {
        struct Rule: Encodable {
            let id: String
            let message: String
            let languages = ["python"]
            let severity = "WARNING"
            let patterns: [Pattern]

            enum CodingKeys: String, CodingKey {
                case id, message, languages, severity
                case patterns = "pattern-either"
            }
        }

        struct Pattern: Encodable {
            let pattern: String
        }

        let rules: [Rule]
    }

    private struct Answer: Decodable {
        struct Paths: Decodable {
            let scanned: [String]
        }

        struct Problem: Decodable {
            let message: String?
        }

        struct Result: Decodable {
            struct Place: Decodable {
                let line: Int
                let col: Int
            }

            let checkId: String
            let path: String
            let start: Place
        }

        let results: [Result]
        let errors: [Problem]
        let paths: Paths
    }

    /// A file of rules, JSON being YAML; nil when no rule says anything.
    public static func rules(_ rules: ScanRules) throws -> [UInt8]? {
        let spoken = rules.rules.filter { $0.policy != .allow }.map { rule in
            Config.Rule(id: rule.id, message: rule.message, patterns: patterns(rule).map(Config.Pattern.init))
        }.filter { !$0.patterns.isEmpty }
        return spoken.isEmpty ? nil : Array(try JSONEncoder().encode(Config(rules: spoken)))
    }

    private static func patterns(_ rule: ScanRule) -> [String] {
        rule.names.flatMap(patterns) + rule.attributes.map { "$ANY.\($0)" }
    }

    private static func patterns(_ name: String) -> [String] {
        let builtin = name.hasPrefix("builtins.") ? String(name.dropFirst("builtins.".count)) : nil
        guard name.hasSuffix(".*") else { return [builtin ?? name] }
        if let builtin { return ["\(builtin.dropLast(2))()[$KEY]"] }
        let module = name.dropLast(2)
        return ["\(module).$NAME", "import \(module)"]
    }

    /// - Parameters:
    ///   - answer: what semgrep wrote of files called 0.py, 1.py, …
    ///   - paths: those files' own, in that order.
    /// - Throws: `ScanError.failed` when it has not looked at all of them.
    public static func report(_ answer: [UInt8], rules: ScanRules, paths: [String]) throws(ScanError) -> ScanReport {
        let found: Answer
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            found = try decoder.decode(Answer.self, from: Data(answer))
        } catch {
            throw .failed("semgrep's report can't be read")
        }
        if let problem = found.errors.first { throw .failed("semgrep: \(problem.message ?? "an error")") }
        let scanned = Set(found.paths.scanned.map(fileName))
        guard paths.indices.allSatisfy({ scanned.contains("\($0).py") }) else {
            throw .failed("semgrep has not looked at every file")
        }
        var findings: [ScanFinding] = []
        for result in found.results {
            // Before the id it puts where the rules are.
            let id = result.checkId.split(separator: ".").last.map(String.init)
            guard let rule = rules.rules.first(where: { $0.id == id }),
                let index = paths.indices.first(where: { "\($0).py" == fileName(result.path) })
            else { throw .failed("semgrep's report speaks of what it was not asked") }
            findings.append(
                ScanFinding(
                    rule: rule.id, message: "this \(rule.message)", path: paths[index], line: result.start.line,
                    column: result.start.col, policy: rule.policy))
        }
        return ScanReport(findings: findings)
    }

    private static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
}

extension ScanReport {
    /// With what only `other` has found; what one rule says of a line is said once.
    public func joined(with other: ScanReport) -> ScanReport {
        let new = other.findings.filter { finding in
            !findings.contains { ($0.rule, $0.path, $0.line) == (finding.rule, finding.path, finding.line) }
        }
        return ScanReport(findings: findings + new)
    }
}
