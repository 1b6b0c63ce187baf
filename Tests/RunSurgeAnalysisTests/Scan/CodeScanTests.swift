import RunSurgeCore
import Testing

@testable import RunSurgeAnalysis

/// What is found in a script, however it is written.
@Suite struct CodeScanTests {
    struct Case: Sendable {
        let source: String
        /// What is found of each line, in order: "line rule".
        let found: [String]
        var modules: [String: String] = [:]
    }

    private static let process = "process-execution"
    private static let dynamic = "dynamic-code"

    private static let cases = [
        // Plain.
        Case(source: "import os\nos.system('x')", found: ["2 \(process)"]),
        Case(source: "import subprocess", found: ["1 \(process)"]),
        Case(source: "eval('1')\nexec('x')", found: ["1 \(dynamic)", "2 \(dynamic)"]),
        Case(source: "import pickle\npickle.loads(b'')", found: ["2 deserialisation"]),
        Case(source: "import socket", found: ["1 network"]),
        Case(source: "import urllib.parse", found: []),
        Case(source: "import urllib.request\nurllib.request.urlopen('x')", found: ["1 network", "2 network"]),
        Case(source: "import shutil\nshutil.rmtree('d')", found: ["2 raw-file-system"]),
        // Other names.
        Case(source: "import os as o\no.system('x')", found: ["2 \(process)"]),
        Case(source: "from os import system as s\ns('x')", found: ["1 \(process)", "2 \(process)"]),
        Case(source: "from os import *\nsystem('x')", found: ["1 \(process)", "1 raw-file-system", "2 \(process)"]),
        Case(source: "import os\na = b = os\nc = a\nc.popen('x')", found: ["4 \(process)"]),
        Case(source: "import os, sys\na, b = os, sys\na.system('x')", found: ["3 \(process)"]),
        Case(source: "import os\nif (m := os): m.system('x')", found: ["2 \(process)"]),
        Case(source: "import os\ndef f(m): m.system('x')\nf(os)", found: ["2 \(process)"]),
        Case(source: "import os\ndef f(m=os): m.system('x')\nf()", found: ["2 \(process)"]),
        Case(source: "import os\ndef f(): return os\nf().system('x')", found: ["3 \(process)"]),
        Case(source: "import os\n(lambda: os)().system('x')", found: ["2 \(process)"]),
        Case(source: "import os\nfor m in [os]: m.system('x')", found: ["2 \(process)"]),
        Case(source: "import os\n[m.system('x') for m in (os,)]", found: ["2 \(process)"]),
        Case(source: "import os\nd = {'a': os}\nd['a'].system('x')", found: ["3 \(process)"]),
        Case(
            source: "import os\nclass C:\n    def __init__(self): self.m = os\n    def go(self): self.m.system('x')",
            found: ["4 \(process)"]),
        Case(
            source: "import os\nclass C: pass\nc = C()\nsetattr(c, 'm', os)\nc.m.system('x')",
            found: ["5 \(process)"]),
        Case(
            source: "import os\nclass C:\n    @property\n    def m(self): return os\nC().m.system('x')",
            found: ["5 \(process)"]),
        Case(source: "import os\ndef f():\n    global g\n    g = os\nf()\ng.system('x')", found: ["6 \(process)"]),
        Case(source: "import os\nmatch os:\n    case m: m.system('x')", found: ["3 \(process)"]),
        Case(source: "e = eval\ne('1')", found: ["1 \(dynamic)", "2 \(dynamic)"]),
        Case(source: "list(map(eval, ['1']))", found: ["1 \(dynamic)"]),
        Case(source: "from functools import partial\nimport os\npartial(os.system, 'x')()", found: ["3 \(process)"]),
        Case(source: "import os\n@os.system\ndef f(): pass", found: ["2 \(process)"]),
        Case(source: "import os\ndef f(a: os.system('x')): pass", found: ["2 \(process)"]),
        Case(source: "import os\nprint(f\"{os.system('x')}\")", found: ["2 \(process)"]),
        Case(source: "import os\ntry: pass\nexcept* os.system: pass", found: ["3 \(process)"]),
        Case(source: "import shutil\nshutil.os.system('x')", found: ["2 \(process)"]),
        Case(source: "from logging import os as o\no.popen('x')", found: ["2 \(process)"]),
        // Names that are texts.
        Case(source: "import os\ngetattr(os, 'system')('x')", found: ["2 \(process)"]),
        Case(source: "import os\ng = getattr\ng(os, 'sys' + 'tem')('x')", found: ["3 \(process)"]),
        Case(source: "import os\nn = 'system'\ngetattr(os, n)('x')", found: ["3 \(process)"]),
        Case(
            source: "import os\ngetattr(os, input())('x')",
            found: ["2 \(process)", "2 raw-file-system"]),
        Case(
            source: "import os\ngetattr(os, 'metsys'[::-1])('x')", found: ["2 \(process)", "2 raw-file-system"]),
        Case(source: "import os\nos.__dict__['system']('x')", found: ["2 \(process)"]),
        Case(source: "import os\nvars(os)['system']('x')", found: ["2 \(process)"]),
        Case(source: "import os\nvars(os).get('system')('x')", found: ["2 \(process)"]),
        Case(source: "import os\nos.__getattribute__('system')('x')", found: ["2 \(process)"]),
        Case(source: "import os\nobject.__getattribute__(os, 'system')('x')", found: ["2 \(process)"]),
        Case(source: "import os\nglobals()['os'].system('x')", found: ["2 \(process)"]),
        Case(source: "import sys\nsys.modules['os'].system('x')", found: ["2 \(process)"]),
        Case(source: "import os, operator\noperator.attrgetter('system')(os)('x')", found: ["2 \(process)"]),
        Case(source: "__import__('os').system('x')", found: ["1 \(dynamic)", "1 \(process)"]),
        Case(source: "__builtins__['eval']('1')", found: ["1 \(dynamic)"]),
        Case(
            source: "import builtins as b\nb.eval('1')\nb.__dict__['exec']('')",
            found: ["2 \(dynamic)", "3 \(dynamic)"]),
        Case(source: "globals()[input()]('x')", found: ["1 \(dynamic)"]),
        Case(
            source: "from importlib import import_module as i\ni('os').system('x')",
            found: ["1 \(dynamic)", "2 \(dynamic)", "2 \(process)"]),
        Case(source: "().__class__.__base__.__subclasses__()", found: ["1 \(dynamic)"]),
        Case(source: "x = getattr(5, '__sub' + 'classes__')", found: ["1 \(dynamic)"]),
        Case(source: "def f(): pass\nf.__globals__['os']", found: ["2 \(dynamic)"]),
        // Modules of its own.
        Case(
            source: "import helper\nhelper.os.system('x')", found: ["2 \(process)"],
            modules: ["helper": "import os\n"]),
        Case(
            source: "from helper import run\nrun('x')", found: ["2 \(process)"],
            modules: ["helper": "import os\nrun = os.system\n"]),
        Case(source: "import helper", found: ["1 \(dynamic)"], modules: ["helper": "eval('1')\n"]),
        Case(
            source: "import requests\nrequests.get('x')", found: [],
            modules: ["requests": "def get(url): return url\n"]),
        // Harmless.
        Case(
            source: """
                import os, sys, csv, json, re, math, collections
                from pathlib import Path
                class Order:
                    def __init__(self, row): self.system = row["system"]; self.__dict__.update(row)
                    def run(self): return self.system
                    def load(self, text): return json.loads(text)
                def compile_rows(rows): return [re.compile(row) for row in rows]
                orders = [Order(row) for row in csv.DictReader(open("orders.csv"))]
                for name in ("a", "b"): print(getattr(orders[0], name, None), os.path.join(name, "x"))
                with open("out.txt", "w") as out: out.write(str(sum(order.run() == "x" for order in orders)))
                os.makedirs("d", exist_ok=True); print(os.environ.get("HOME"), sys.argv[0], Path("a").exists())
                """, found: []),
        Case(source: "def eval(x): return x\neval(1)", found: []),
        Case(source: "system = print\nsystem('x')\ntext = 'os.system eval('\n# eval(1)", found: []),
        Case(source: "x = [1]\nfor _ in range(9): x = [x, x]\nprint(x[0][1])", found: []),
    ]

    private static let exports = Result {
        try SyntaxExporter.export(cases.map { ($0.source + "\n", $0.modules) })
    }

    @Test(arguments: cases.indices)
    func `code is found however it is written`(index: Int) throws {
        let item = Self.cases[index]
        let report = try CodeScan.report(syntaxJSON: try Self.exports.get()[index], rules: .standard)
        // One line may have several names for one thing.
        let found = Self.once(report.findings.map { "\($0.line) \($0.rule)" })
        #expect(found == Self.once(item.found), "\(item.source)\n\(report.findings)")
    }

    private static func once(_ lines: [String]) -> [String] {
        lines.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private func report(_ source: String, _ rules: ScanRules = .standard) throws -> ScanReport {
        try CodeScan.report(syntaxJSON: try SyntaxExporter.exportAlone(source), rules: rules)
    }

    @Test func `a finding says what, where and why`() throws {
        let finding = try #require(try report("import os\n\nx = 1; os.system('ls')\n").findings.first)
        #expect(
            finding
                == ScanFinding(
                    rule: "process-execution", message: "os.system starts other programs or processes",
                    path: "/job/script.py", line: 3, column: 8, policy: .warn))
    }

    @Test(arguments: [("refuse", true, 1), ("warn", false, 1), ("allow", false, 0)])
    func `a rule's policy decides`(policy: String, isRefused: Bool, count: Int) throws {
        let rules = try ScanRules(
            yaml: "rules: [{id: a, policy: \(policy), message: is called, names: [builtins.print]}]")
        let report = try report("print(1)", rules)
        #expect(report.isRefused == isRefused)
        #expect(report.findings.count == count)
    }

    @Test func `what can't be read is no pass`() throws {
        #expect(throws: ScanError.self) { try report("def f(:") }
        #expect(throws: ScanError.self) { try CodeScan.report(syntaxJSON: Array("{}".utf8), rules: .standard) }
        let statement = #"{"i": 1, "k": "Novelty", "l": 7}"#
        let unknown = #"{"files": [{"path": "/job/s.py", "tree": {"i": 0, "body": [\#(statement)]}}]}"#
        #expect {
            try CodeScan.report(syntaxJSON: Array(unknown.utf8), rules: .standard)
        } throws: {
            "\($0)" == "The script has syntax that the scan does not know: Novelty in line 7."
        }
    }

    @Test func `a script too entangled to follow is no pass`() throws {
        let names = (0..<200).map { "x\($0)" }
        let source = "import os\n" + names.map { "y = os.\($0)\n" }.joined()
        let rules = try ScanRules(yaml: "rules: [{id: a, message: is os, names: [os.*]}]")
        #expect(throws: ScanError.self) { try report(source, rules) }
        #expect(try report(source).findings.isEmpty)
    }

    @Test func `a long chain of names is followed or refused`() throws {
        let chain = (0..<2_000).reversed().map { "a\($0 + 1) = a\($0)" }.joined(separator: "\n")
        let source = "import os\n\(chain)\na0 = os\na2000.system('x')\n"
        let found = try? report(source).findings.map(\.line)
        #expect(found == nil || found == [2_003])
    }
}
