import Testing

@testable import RunSurgeAnalysis

/// The files, variables and modules a script names.
@Suite struct InputTests {
    struct Case: Sendable {
        let source: String
        var inputs: [String] = []
        var written: [String] = []
        var patterns: [String] = []
        var mayWrite = false
        var unknown = false
    }

    private static let cases = [
        Case(source: "open('a.csv')", inputs: ["a.csv"]),
        Case(source: "open('a.csv', 'rb')", inputs: ["a.csv"]),
        Case(source: "NAME = 'a'\nopen(NAME + '.csv', encoding='utf-8')", inputs: ["a.csv"]),
        Case(source: "import os\nD = 'data'\nopen(os.path.join(D, 'x', 'a.csv'))", inputs: ["data/x/a.csv"]),
        Case(
            source: "from pathlib import Path\np = Path('data') / 'a.csv'\nwith p.open() as f: pass",
            inputs: ["data/a.csv"]),
        Case(source: "from pathlib import Path\nPath('a.txt').read_text()", inputs: ["a.txt"]),
        Case(
            source: "import os\nopen(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'a.csv'))",
            inputs: ["/job/a.csv"]),
        Case(
            source: "from pathlib import Path\nHERE = Path(__file__).resolve().parent\nopen(HERE / 'd' / 'a.csv')",
            inputs: ["/job/d/a.csv"]),
        Case(source: "n = 3\nopen(f'part{n}.csv')", inputs: ["part3.csv"]),
        Case(source: "for n in ['a', 'b']:\n    open(n + '.csv')", inputs: ["a.csv", "b.csv"]),
        Case(
            source: "def load(path):\n    return open(path).read()\nload('a.txt')\nload(path='b.txt')",
            inputs: ["a.txt", "b.txt"]),
        Case(
            source:
                "class C:\n    def __init__(self, path):\n        self.path = path\n    def go(self):\n        open(self.path)\nC('a.txt').go()",
            inputs: ["a.txt"]),
        Case(source: "class Config:\n    PATH = 'a.txt'\nopen(Config.PATH)", inputs: ["a.txt"]),
        Case(source: "import gzip\ngzip.open('a.gz', 'rt')", inputs: ["a.gz"]),
        Case(source: "import pandas as pd\npd.read_csv('a.csv')", inputs: ["a.csv"], mayWrite: true, unknown: true),
        Case(source: "import glob\nglob.glob('data/*.csv')", patterns: ["data/*.csv"]),
        Case(source: "import os\nos.listdir('data')\nos.walk('deep')", patterns: ["data/*", "deep/**/*"]),
        Case(
            source: "from pathlib import Path\nPath('data').glob('*.csv')\nPath('data').rglob('*.txt')",
            patterns: ["data/**/*.txt", "data/*.csv"]),
        Case(source: "open('o.txt', 'w')", written: ["o.txt"], mayWrite: true),
        Case(source: "open('o.txt', 'a')", inputs: ["o.txt"], written: ["o.txt"], mayWrite: true),
        Case(source: "import sys\nopen(sys.argv[1])"),
        Case(source: "import sys\nopen(sys.argv[1], 'w')", mayWrite: true, unknown: true),
        Case(source: "from pathlib import Path\nPath('o').write_text('x')", written: ["o"], mayWrite: true),
        Case(source: "import os\nos.remove('o')", written: ["o"], mayWrite: true),
        Case(source: "import shutil\nshutil.rmtree('d')", mayWrite: true, unknown: true),
        Case(source: "import subprocess\nsubprocess.run(['x'])", mayWrite: true, unknown: true),
        Case(source: "m = input()\nopen('a', m)", inputs: ["a"], written: ["a"], mayWrite: true),
        Case(source: "print('hello')"),
    ]

    private static let exports = Result { try SyntaxExporter.export(cases.map { ($0.source + "\n", [:]) }) }

    @Test(arguments: cases.indices)
    func `paths are folded`(index: Int) throws {
        let item = Self.cases[index]
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try Self.exports.get()[index])
        #expect(plan.inputPaths == item.inputs, "\(item.source)")
        #expect(plan.writtenPaths == item.written, "\(item.source)")
        #expect(plan.inputPatterns == item.patterns, "\(item.source)")
        #expect(plan.mayWriteInputs == item.mayWrite, "\(item.source)")
        #expect(plan.writesUnknownPaths == item.unknown, "\(item.source)")
    }

    @Test func `other strings are mentioned, environment variables and imports are named`() throws {
        let source = """
            import os, csv, helpers
            from pkg import part
            from . import near
            names = {"first": "one.csv"}
            print(os.environ["HOME"], os.getenv("USER"), os.environ.get("LANG", "C"), "TERM" in os.environ)
            """
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try SyntaxExporter.exportAlone(source))
        #expect(plan.mentionedPaths.contains("one.csv"))
        #expect(plan.environmentVariables == ["HOME", "LANG", "TERM", "USER"])
        #expect(plan.imports == [".near", "csv", "helpers", "os", "pkg", "pkg.part"])
        #expect(plan.foreignModules == ["helpers", "pkg"])
    }
}
