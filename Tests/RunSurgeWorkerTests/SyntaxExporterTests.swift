import RunSurgeCore
import Testing

@testable import RunSurgeWorker

/// The parser runs what nobody has looked at yet.
@Suite struct SyntaxExporterTests {
    private func export(_ source: [UInt8], modules: [SourceFile] = []) async throws -> JSONValue {
        let exporter = try await SyntaxExporter(
            python: "python3", isSandboxed: true, folder: TestSandbox.folder + "/exporter")
        let script = SourceFile(module: "__main__", path: "/job/script.py", bytes: source)
        let bytes = try await exporter.exportSyntax(script: script, modules: modules)
        return try JSONReader.read(bytes)
    }

    private func export(_ source: String) async throws -> JSONValue { try await export(Array(source.utf8)) }

    @Test func givesTheTreesOfTheScriptAndItsModules() async throws {
        let module = SourceFile(module: "helpers", path: "/job/helpers.py", bytes: Array("def f(): pass\n".utf8))
        let answer = try await export(Array("import helpers\nhelpers.f()\n".utf8), modules: [module])
        #expect(answer["files"]?.items?.count == 2)
        #expect(answer["files"]?.items?[0]["tree"]?["k"]?.text == "Module")
        #expect(answer["files"]?.items?[1]["module"]?.text == "helpers")
    }

    @Test func oneProcessServesManyScriptsAndSurvivesHostileOnes() async throws {
        let exporter = try await SyntaxExporter(
            python: "python3", isSandboxed: true, folder: TestSandbox.folder + "/exporter")
        try await exporter.warmUp()
        func export(_ text: String) async throws -> JSONValue {
            let script = SourceFile(module: "__main__", path: "/job/script.py", bytes: Array(text.utf8))
            return try JSONReader.read(try await exporter.exportSyntax(script: script, modules: []))
        }
        for number in 0..<20 {
            let answer = try await export("x = \(number)\n")
            let value = answer["files"]?.items?[0]["tree"]?["body"]?.items?[0]["value"]?["value"]?["v"]?.text
            #expect(value == "\(number)")
            if number.isMultiple(of: 5) { _ = try? await export(String(repeating: "-", count: 100_000) + "1") }
        }
    }

    @Test func aScriptThatDoesNotParseIsDescribed() async throws {
        let answer = try await export("x = = 1\n")
        #expect(answer["files"]?.items?[0]["error"]?["type"]?.text == "SyntaxError")
        #expect(answer["files"]?.items?[0]["error"]?["line"]?.integer == 1)
    }

    @Test func notEvenUTF8IsAnAnswer() async throws {
        let answer = try await export([0xff, 0xfe, 0x00, 0x0a])
        #expect(answer["files"]?.items?[0]["error"]?["type"]?.text != nil)
    }

    @Test(arguments: [
        String(repeating: "(", count: 50_000), String(repeating: "-", count: 100_000) + "1",
        "x = " + String(repeating: "[", count: 150) + String(repeating: "]", count: 150),
        String(repeating: "a.", count: 30_000) + "b",
    ])
    func hostileNestingEndsInAnAnswerOrARefusal(source: String) async throws {
        do {
            let answer = try await export(source)
            #expect(answer["files"]?.items?[0]["error"] != .null || answer["files"]?.items?[0]["tree"] != .null)
        } catch is SyntaxExportError {
            // The interpreter's own parser gave up: the script will run unsplit.
        } catch is JSONError {
            // Deeper than this reader goes; the analyser has a reader of its own.
        }
    }
}
