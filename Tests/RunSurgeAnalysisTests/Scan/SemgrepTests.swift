import Foundation
import RunSurgeCore
import Testing

@testable import RunSurgeAnalysis

/// The rules in semgrep's form, and its report in ours.
@Suite struct SemgrepTests {
    private static let rules = Result {
        try ScanRules(
            yaml: """
                rules:
                  - {id: a, message: does a, policy: refuse, names: [os.system, pty.*, builtins.eval, builtins.vars.*]}
                  - {id: b, message: does b, policy: allow, names: [os.open]}
                  - {id: c, message: does c, attributes: [popen]}
                """)
    }

    private func report(_ answer: String, paths: [String] = ["/job/s.py", "/job/m.py"]) throws -> ScanReport {
        try Semgrep.report(Array(answer.utf8), rules: Self.rules.get(), paths: paths)
    }

    @Test func `names become patterns`() throws {
        let text = try #require(try Semgrep.rules(Self.rules.get()))
        let config = try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: [[String: Any]]])
        let rules = try #require(config["rules"])
        #expect(rules.map { $0["id"] as? String } == ["a", "c"])
        let patterns = rules.map { ($0["pattern-either"] as? [[String: String]] ?? []).compactMap { $0["pattern"] } }
        #expect(
            patterns == [["os.system", "pty.$NAME", "import pty", "eval", "vars()[$KEY]"], ["$ANY.popen"]])
        #expect(try Semgrep.rules(ScanRules(yaml: "rules: [{id: a, message: m, policy: allow, names: [x]}]")) == nil)
    }

    private static let scanned = #""paths": {"scanned": ["/tmp/x/0.py", "/tmp/x/1.py"]}"#

    @Test func `its findings are ours`() throws {
        let result = #"{"check_id": "tmp.x.a", "path": "/tmp/x/1.py", "start": {"line": 3, "col": 5}}"#
        let found = try report(#"{"results": [\#(result)], "errors": [], \#(Self.scanned)}"#)
        let finding = ScanFinding(
            rule: "a", message: "this does a", path: "/job/m.py", line: 3, column: 5, policy: .refuse)
        #expect(found == ScanReport(findings: [finding]))
        #expect(found.joined(with: found) == found)
        #expect(ScanReport(findings: []).joined(with: found).isRefused)
    }

    @Test(arguments: [
        "", "{}", #"{"results": [], "errors": [], "paths": {"scanned": ["/tmp/x/0.py"]}}"#,
        #"{"results": [], "errors": [{"message": "Syntax error"}], \#(scanned)}"#,
        #"{"results": [{"check_id": "z", "path": "0.py", "start": {"line": 1, "col": 1}}], "errors": [], \#(scanned)}"#,
        #"{"results": [{"check_id": "a", "path": "9.py", "start": {"line": 1, "col": 1}}], "errors": [], \#(scanned)}"#,
    ])
    func `half a report is no pass`(answer: String) {
        #expect(throws: ScanError.self) { try report(answer) }
    }
}
