import Foundation
import RunSurgeAnalysis
import RunSurgeCore
import RunSurgeProtocol
import Testing

@testable import RunSurgeWorker

/// Chunks that their processes' memory does not hold, and such as kill them: real processes, control groups where
/// there are any, and the watchdog alone.
@Suite struct AgentPiecesTests {
    private static let megabyte: Int64 = 1 << 20
    private static let memory = 160 * megabyte

    /// While a block is made, the one of the record before is still there.
    private static let script = """
        out = []
        with open("in.txt") as f:
            for line in f:
                block = b"x" * int(line)
                out.append((len(block), line.strip()))
        print(out)
        """

    private struct Run {
        let agent: AgentFixture
        let request: WireRegionRequest
        let results: [WireChunkOutcome]
    }

    /// Runs the loop of a script in chunks as the cuts of `chunks` lines each say.
    private func run(
        _ script: String, lines: [String], groups: Bool = true, memory: Int64 = memory,
        meanwhile: (Worker) async -> Void = { _ in }
    ) async throws -> Run {
        let agent = try await AgentFixture { $0.mayUseGroups = groups }
        let exporter = try await SyntaxExporter(
            python: "python3", isSandboxed: true, folder: agent.folder.path + "/exporter")
        let file = SourceFile(module: "__main__", path: "/job/script.py", bytes: Array(script.utf8))
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try await exporter.exportSyntax(script: file, modules: []))
        try #require(!plan.regions.isEmpty, "\(plan.verdicts)")
        let encoded = Array(try JSONEncoder().encode(plan))
        let specification = JobSpecification(
            name: "test", script: try await agent.blobs.entry("/job/script.py", script),
            inputs: [try await agent.blobs.entry("/job/in.txt", lines.map { $0 + "\n" }.joined())],
            workingDirectory: "/job")
        try await agent.master.assignDriver(
            specification, plan: String(decoding: encoded, as: UTF8.self), splitSeconds: 0)
        await eventually("a region request") { await agent.master.requests.count > 0 }
        let request = try #require(await agent.master.requests.first)
        let count = try await agent.master.assignRegion(
            request, region: 10, job: specification, plan: encoded, step: request.lastUnit, memory: memory)
        await meanwhile(agent.worker)
        await eventually("all results", within: .seconds(90)) {
            await agent.master.chunkResults(region: 10).count == count
        }
        return Run(agent: agent, request: request, results: await agent.master.chunkResults(region: 10))
    }

    private func output(of run: Run) async throws -> String {
        let master = run.agent.master
        try await master.sendResults(run.results, region: 10, driver: run.request.driver)
        await eventually("the outcome") { await master.driverOutcome() != nil }
        let outcome = try #require(await master.driverOutcome())
        #expect(outcome.status == .completed, "\(outcome.reason)")
        return try await run.agent.output(outcome)
    }

    @Test(arguments: [true, false])
    func aChunkThatDoesNotFitIsRunInPieces(withGroups: Bool) async throws {
        let sizes = (0..<24).map { $0 == 20 || $0 == 21 ? 90_000_000 : $0 }
        let run = try await run(Self.script, lines: sizes.map(String.init), groups: withGroups)
        let result = try #require(run.results.first)
        #expect(result.status == .completed, "\(result.reason)")
        #expect(result.parts > 1)
        #expect(result.records == 24)
        #expect(result.peakBytes >= Self.memory)
        let expected = "[\(sizes.map { "(\($0), '\($0)')" }.joined(separator: ", "))]\n"
        #expect(try await output(of: run) == expected)
        await run.agent.stopAll()
    }

    @Test(arguments: [true, false])
    func aRecordThatIsTooLargeIsNamed(withGroups: Bool) async throws {
        let sizes = (0..<12).map { $0 == 7 ? 300_000_000 : 10 }
        let run = try await run(Self.script, lines: sizes.map(String.init), groups: withGroups)
        let result = try #require(run.results.first)
        #expect(result.status == .outOfMemory)
        // Seven lines of three bytes are before it, and it is ten bytes long.
        #expect(result.firstUnit == 21)
        #expect(result.lastUnit == 31)
        #expect(result.reason.contains("\(Self.memory) bytes"), "\(result.reason)")
        #expect(result.reason.contains("bytes 21 to 31 of /job/in.txt"), "\(result.reason)")
        #expect(result.peakBytes >= Self.memory)
        await run.agent.stopAll()
    }

    @Test func recordsInMemoryAreNamedByTheirNumber() async throws {
        let script = """
            sizes = [10] * 9 + [300000000] + [10] * 5
            out = []
            for size in sizes:
                out.append(len(b"x" * size))
            print(sum(out))
            """
        let run = try await run(script, lines: [])
        let result = try #require(run.results.first)
        #expect(result.status == .outOfMemory)
        #expect(result.firstUnit == 9)
        #expect(result.lastUnit == 10)
        #expect(result.reason.contains("the loop's record 10"), "\(result.reason)")
        await run.agent.stopAll()
    }

    @Test func aProcessThatIsKilledNamesItsSignalAndWhereItWas() async throws {
        let script = """
            out = []
            with open("in.txt") as f:
                for line in f:
                    out.append(sum(range(int(line))))
            print(out)
            """
        let run = try await run(script, lines: ["5", "6", "99999999999", "7"], memory: 1 << 30) { worker in
            await worker.killWorkingChunkProcess()
        }
        let result = try #require(run.results.first)
        #expect(result.status == .crashed)
        #expect(result.reason.contains("signal 9 (Killed)"), "\(result.reason)")
        #expect(result.reason.contains("one of the records 1 to 4 of its chunk"), "\(result.reason)")
        await run.agent.stopAll()
    }
}

extension Worker {
    /// Waits until a body has been given a record.
    fileprivate func killWorkingChunkProcess() async {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            for run in chunkRuns.values where run.page?.chunk != nil && (run.page?.progress.given ?? 0) > 0 {
                run.python?.process.kill()
                return
            }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }
}
