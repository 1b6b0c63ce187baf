import Testing

@testable import RunSurgeWorker

/// What a worker finds out about its Python.
@Suite struct InterpreterTests {
    @Test func knowsItsVersionAndImplementation() async throws {
        let interpreter = try await BlockingWork.run { try Interpreter.resolve("python3") }
        #expect(interpreter.implementation == "cpython")
        #expect(interpreter.versionName == interpreter.version)
    }

    @Test func theModulesItNamesCanBeImportedAndAreNotTheLibrarys() async throws {
        let interpreter = try await BlockingWork.run { try Interpreter.resolve("python3") }
        let modules = interpreter.modules
        #expect(modules == Array(Set(modules)).sorted())
        for name in ["os", "json", "__pycache__", "encodings"] { #expect(!modules.contains(name)) }
        let answer = try await BlockingWork.run {
            try CapturedCommand(
                path: interpreter.executable,
                arguments: ["-s", "-c", Self.finder] + modules, environment: Interpreter.hostEnvironment,
                timeout: .seconds(30), outputLimit: 1 << 20
            ).run()
        }
        #expect(answer.status == 0)
        #expect(String(decoding: answer.output, as: UTF8.self) == "[]\n")
    }

    private static let finder = """
        import importlib.util, sys
        print([name for name in sys.argv[1:] if importlib.util.find_spec(name) is None])
        """
}
