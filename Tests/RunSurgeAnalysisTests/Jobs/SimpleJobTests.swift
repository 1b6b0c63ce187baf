import RunSurgeCore
import Testing

@testable import RunSurgeAnalysis

/// A script with one data file: where the file goes, and what the result is.
@Suite struct SimpleJobTests {
    private func job(_ source: String) throws -> SimpleJob {
        try SimpleJob(source: Array(source.utf8), syntaxJSON: try SyntaxExporter.exportAlone(source))
    }

    @Test(arguments: [
        ("FILE_NAME = 'a.csv'", "a.csv"), ("FILE_NAME: str = './in/a.csv'", "in/a.csv"),
        ("D = 'in'\nFILE_NAME = D + '/a.csv'", "in/a.csv"), ("def f():\n    FILE_NAME = 'a.csv'", "up.csv"),
        ("FILE_NAME = input()", "up.csv"), ("FILE_NAME = 'a'\nFILE_NAME = 'b'", "up.csv"), ("", "up.csv"),
    ])
    func `the data file gets the name that the script opens`(source: String, path: String) throws {
        #expect(try job(source).dataPath(uploadName: "C:\\data/up.csv") == path)
    }

    @Test(arguments: ["/etc/passwd", "../a", "a/../../b", "", "a//b", "a/", "."])
    func `a name outside of the folder is refused`(name: String) throws {
        #expect(throws: SimpleJobError(fileName: name)) {
            try job("FILE_NAME = '\(name)'").dataPath(uploadName: "up.csv")
        }
    }

    @Test func `rows in output are kept, other scripts are left alone`() throws {
        #expect(try job("print(1)").script == Array("print(1)".utf8))
        let source = "output = []\nfor i in range(9):\n    output.append([i, i * i])  # no end of line"
        let script = String(decoding: try job(source).script, as: UTF8.self)
        #expect(script.hasPrefix(source + "\n"))
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try SyntaxExporter.exportAlone(script))
        #expect(plan.regions.map(\.line) == [2])
        #expect(plan.writtenPaths == [SimpleJob.rowsFile])
    }

    private func entry(_ path: String, mode: UInt32 = 0o644) -> FileEntry {
        FileEntry(path: path, blob: .empty, modifiedNanoseconds: 1, mode: mode)
    }

    private func result(_ files: [FileEntry], output: Int64 = 0) -> SimpleResult {
        SimpleResult(
            of: JobOutcome(
                exitStatus: 0, standardOutput: text(output), standardError: text(1), outputs: files, deleted: [],
                report: []), workingDirectory: "/job")
    }

    private func text(_ size: Int64) -> BlobReference {
        BlobReference(sha256: String(repeating: "a", count: 64), size: size)
    }

    @Test func `the result is what the script left, by order of preference`() {
        let rows = entry("/job/.runsurge-output.csv")
        let folder = entry("/job/d", mode: 0o040755)
        let (a, b) = (entry("/job/a"), entry("/job/d/b"))
        #expect(result([a, folder, rows], output: 5) == .file(entry("a")))
        #expect(result([b, a, folder, rows], output: 5) == .archive([entry("a"), entry("d/b")]))
        #expect(result([rows, folder], output: 5) == .standardOutput(text(5)))
        #expect(result([rows]) == .rows(rows.blob))
        #expect(result([folder]) == .nothing)
    }
}
