import Foundation
import Testing

@testable import RunSurgeAnalysis

/// A script whose lines say what must become of their loops: `# split`, or `# stays CODE`.
struct VerdictCase: Sendable, CustomTestStringConvertible {
    let name: String
    let source: String
    let modules: [String: String]

    init(_ name: String, _ source: String, modules: [String: String] = [:]) {
        self.name = name
        self.source = source
        self.modules = modules
    }

    var testDescription: String { name }

    /// Expectations by line, from 1: `nil` for split, else the reason's code ("" for any).
    var expectations: [Int: String?] {
        var result: [Int: String?] = [:]
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasSuffix("# split") {
                result[index + 1] = .some(nil)
            } else if let mark = line.range(of: "# stays") {
                result[index + 1] = line[mark.upperBound...].trimmingCharacters(in: .whitespaces)
            }
        }
        return result
    }

    /// Checks every marked line of every case.
    static func check(_ cases: [VerdictCase]) throws {
        let exports = try SyntaxExporter.export(cases.map { ($0.source, $0.modules) })
        for (item, export) in zip(cases, exports) {
            let plan = try ScriptAnalyser.analyse(syntaxJSON: export)
            #expect(!item.expectations.isEmpty, "\(item.name) expects nothing")
            for (line, code) in item.expectations.sorted(by: { $0.key < $1.key }) {
                item.check(line, code, plan)
            }
        }
    }

    private func check(_ line: Int, _ code: String?, _ plan: Plan) {
        let verdicts = plan.verdicts.filter { $0.line == line && $0.kind != "while" }
        guard !verdicts.isEmpty else {
            Issue.record("\(name): no verdict for line \(line): \(plan.wholeScriptReason ?? "")\n\(source)")
            return
        }
        let found = verdicts.map { verdict in
            verdict.parallel ? "split" : "\(verdict.reasonCode ?? "?"): \(verdict.reason ?? "?")"
        }
        let staysWhole = verdicts.allSatisfy { !$0.parallel }
        let isSplit = verdicts.contains { $0.parallel }
        guard let code else {
            #expect(isSplit, "\(name), line \(line) must be split, got \(found)\n\(source)")
            return
        }
        let isRight = verdicts.contains { !$0.parallel && (code.isEmpty || $0.reasonCode == code) }
        #expect(isRight && staysWhole, "\(name), line \(line) must stay (\(code)), got \(found)\n\(source)")
    }
}
