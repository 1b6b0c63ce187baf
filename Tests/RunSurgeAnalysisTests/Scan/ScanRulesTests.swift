import Testing

@testable import RunSurgeAnalysis

/// The file of rules that an operator edits.
@Suite struct ScanRulesTests {
    @Test func `the rules that RunSurge brings warn`() {
        #expect(
            ScanRules.standard.rules.map(\.id) == [
                "process-execution", "dynamic-code", "deserialisation", "network", "raw-file-system",
            ])
        #expect(ScanRules.standard.rules.allSatisfy { $0.policy == .warn })
    }

    @Test func `a policy that is not given is to warn`() throws {
        let rules = try ScanRules(yaml: "rules:\n  - {id: a-1, message: m, names: [os.*, x.y], attributes: [z]}\n")
        #expect(rules.rules[0].policy == .warn)
        #expect(rules.rules[0].names == ["os.*", "x.y"])
    }

    @Test(arguments: [
        ("", "Mapping"), ("rules: []", "there are none"), ("rules: 5", "rules"), ("rules: [", "line 2"),
        ("rule: []", "\"rule\""),
        ("rules: [{message: m}]", "id"), ("rules: [{id: a}]", "message"), ("rules: [{id: A, message: m}]", "\"A\""),
        ("rules: [{id: a, message: m, polcy: refuse}]", "\"polcy\""),
        ("rules: [{id: a, message: m, policy: deny}]", "deny"),
        ("rules: [{id: a, message: m, names: ['os.*.x']}]", "\"os.*.x\""),
        ("rules: [{id: a, message: m, names: ['*']}]", "\"*\""),
        ("rules: [{id: a, message: m}, {id: a, message: m}]", "two with the id a"),
    ])
    func `a file that is wrong is told`(yaml: String, part: String) {
        #expect {
            try ScanRules(yaml: yaml)
        } throws: {
            "\($0)".hasPrefix("The rules of the scan can't be read: ") && "\($0)".contains(part)
        }
    }
}
