import Foundation
import Testing

@testable import RunSurgeAnalysis

/// What `runsurge explain` prints.
@Suite struct ExplanationTests {
    private static let source = """
        import csv
        total = 0
        previous = None
        with open("orders.csv") as f:
            for row in csv.DictReader(f):
                total += float(row["amount"])
        for x in [1, 2]:
            print(previous)
            previous = x
        print(total)
        """

    @Test func `text gives line, verdict, source and merge or reason`() throws {
        let text = try Explanation(syntaxJSON: try SyntaxExporter.exportAlone(Self.source)).text
        #expect(text.contains("2 loops, 1 can be split"))
        #expect(text.contains("line 5: for over csv records of orders.csv: split"))
        #expect(text.contains("merge: total: fold (Add): integer sum or ordered replay"))
        #expect(text.contains("line 7: for over a literal: stays whole"))
        #expect(text.contains("previous is carried from one iteration to the next (line 8, previous)"))
        #expect(text.contains("inputs: orders.csv"))
        #expect(text.contains("10: print(total)  <- 2 flow total") || text.contains("4 flow total"))
    }

    @Test func `json can be read back`() throws {
        let explanation = try Explanation(syntaxJSON: try SyntaxExporter.exportAlone(Self.source))
        let back = try JSONDecoder().decode(Explanation.self, from: Data(explanation.json.utf8))
        #expect(back == explanation)
    }

    @Test func `the plan's keys are those the harness reads`() throws {
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try SyntaxExporter.exportAlone(Self.source))
        let object = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(plan)) as? [String: Any]
        let keys: Set<String> = [
            "version", "whole_script_reason", "regions", "verdicts", "may_write_inputs", "input_paths", "written_paths",
            "environment_variables", "imports", "mentioned_paths", "input_patterns", "writes_unknown_paths",
            "reads_standard_input", "foreign_modules",
        ]
        #expect(Set(object?.keys ?? [:].keys) == keys)
        let region = (object?["regions"] as? [[String: Any]])?.first
        let variable = (region?["variables"] as? [[String: Any]])?.first { $0["name"] as? String == "total" }
        #expect(variable?["role"] as? String == "fold" && variable?["op"] as? String == "Add")
        #expect((variable?["sites"] as? [Int])?.count == 1)
    }

    @Test func `an analysis is the same every time`() throws {
        let export = try SyntaxExporter.exportAlone(Self.source)
        let first = try Explanation(syntaxJSON: export)
        for _ in 0..<5 { #expect(try Explanation(syntaxJSON: export) == first) }
    }
}
