import Foundation
import RunSurgeAnalysis
import RunSurgeCore
import RunSurgeProtocol
import Testing

@testable import RunSurgeWorker

/// Loops handed over by a driver, run in chunks by warm processes, put together again: the real analyser, the real
/// harness, real sandboxes.
@Suite struct AgentRegionTests {
    private static let script = """
        out = []
        with open("in.txt") as f:
            for line in f:
                out.append(int(line) * 3)
        print(len(out), sum(out), out[:3], out[-3:])
        """

    private struct Job {
        let specification: JobSpecification
        let plan: [UInt8]
        let expected: String
    }

    private func job(_ agent: AgentFixture, script: String = script, lines: Int = 3_000) async throws -> Job {
        let exporter = try await SyntaxExporter(
            python: "python3", isSandboxed: true, folder: agent.folder.path + "/exporter")
        let file = SourceFile(module: "__main__", path: "/job/script.py", bytes: Array(script.utf8))
        let plan = try ScriptAnalyser.analyse(syntaxJSON: try await exporter.exportSyntax(script: file, modules: []))
        try #require(!plan.regions.isEmpty, "\(plan.verdicts)")
        let text = (0..<lines).map { "\($0)\n" }.joined()
        let specification = JobSpecification(
            name: "test", script: try await agent.blobs.entry("/job/script.py", script),
            inputs: [try await agent.blobs.entry("/job/in.txt", text)], workingDirectory: "/job")
        let values = (0..<lines).map { $0 * 3 }
        let expected = "\(lines) \(values.reduce(0, +)) \(Array(values.prefix(3))) \(Array(values.suffix(3)))\n"
        return Job(specification: specification, plan: Array(try JSONEncoder().encode(plan)), expected: expected)
    }

    private func request(_ job: Job, _ agent: AgentFixture) async throws -> WireRegionRequest {
        try await agent.master.assignDriver(
            job.specification, plan: String(decoding: job.plan, as: UTF8.self), splitSeconds: 0)
        await eventually("a region request") {
            let outcome = await agent.master.driverOutcome()
            return await agent.master.requests.count > 0 || outcome != nil
        }
        return try #require(await agent.master.requests.first)
    }

    private func finish(_ agent: AgentFixture) async throws -> WireDriverOutcome {
        await eventually("the outcome") { await agent.master.driverOutcome() != nil }
        return try #require(await agent.master.driverOutcome())
    }

    @Test(arguments: [1, 2])
    func aLoopIsRunInChunksAndPutTogether(slots: Int) async throws {
        let agent = try await AgentFixture(slots: slots)
        let master = agent.master
        let job = try await job(agent)
        let request = try await request(job, agent)
        let count = try await master.assignRegion(
            request, region: 10, job: job.specification, plan: job.plan, step: 1_000)
        #expect(count > 5)
        await eventually("all results") { await master.chunkResults(region: 10).count == count }
        let results = await master.chunkResults(region: 10)
        #expect(results.allSatisfy { $0.status == .completed }, "\(results.map(\.reason))")
        #expect(results.allSatisfy { $0.peakBytes > 1 << 20 && $0.wallMicroseconds > 0 })
        // Twice, and out of order: the driver hears each once.
        try await master.sendResults(Array(results[2...]), region: 10, driver: request.driver)
        try await master.sendResults(Array(results[..<2]), region: 10, driver: request.driver)
        try await master.sendResults(results, region: 10, driver: request.driver)
        let outcome = try await finish(agent)
        #expect(try await agent.output(outcome) == job.expected)
        #expect(try await agent.errors(outcome) == "")
        #expect(await master.closes.map(\.committed) == [count])
        await agent.stopAll()
    }

    @Test func aDeclinedRegionGoesOnNatively() async throws {
        let agent = try await AgentFixture()
        let job = try await job(agent)
        let request = try await request(job, agent)
        var answer = WireRegionAnswer()
        answer.driver = request.driver
        answer.request = request.request
        answer.reason = "not worth it"
        try await agent.master.send(.regionAnswer(answer))
        let outcome = try await finish(agent)
        #expect(try await agent.output(outcome) == job.expected)
        await agent.stopAll()
    }

    @Test func anUnansweredRequestIsRepeatedInTheNextSession() async throws {
        let agent = try await AgentFixture()
        let job = try await job(agent)
        let request = try await request(job, agent)
        await agent.master.beginTerm()
        await eventually("the request again") { await agent.master.requests.count >= 2 }
        let again = try #require(await agent.master.requests.last)
        #expect(again.request == request.request)
        #expect(again.digest == request.digest)
        let count = try await agent.master.assignRegion(
            again, region: 10, job: job.specification, plan: job.plan, step: 4_000)
        await eventually("all results") { await agent.master.chunkResults(region: 10).count == count }
        try await agent.master.sendResults(
            await agent.master.chunkResults(region: 10), region: 10, driver: again.driver)
        #expect(try await agent.output(try await finish(agent)) == job.expected)
        await agent.stopAll()
    }

    @Test func aChunkThatKillsItsProcessIsReportedAndTheOthersRun() async throws {
        let agent = try await AgentFixture()
        let master = agent.master
        let job = try await job(agent)
        let request = try await request(job, agent)
        var broken = request
        // A range far beyond the file is no crime; a process that is killed while it works is.
        broken.cuts = [request.firstUnit, request.firstUnit + 1_000, request.firstUnit + 2_000, request.lastUnit]
        await agent.worker.killChunkProcesses(times: 1)
        let count = try await master.assignRegion(broken, region: 10, job: job.specification, plan: job.plan, step: 1)
        await eventually("all results") { await master.chunkResults(region: 10).count == count }
        let statuses = await master.chunkResults(region: 10).map(\.status)
        #expect(statuses.count { $0 == .crashed } == 1, "\(statuses)")
        #expect(statuses.count { $0 == .completed } == 2, "\(statuses)")
        await agent.stopAll()
    }
}

extension Worker {
    /// Kills the next chunk processes as soon as they are there.
    fileprivate func killChunkProcesses(times: Int) {
        Task {
            var rest = times
            var killed: Set<UInt64> = []
            while rest > 0 {
                for run in chunkRuns.values where run.isReady && !run.sent.isEmpty {
                    guard let python = run.python, killed.insert(python.id).inserted else { continue }
                    python.process.kill()
                    rest -= 1
                }
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
    }
}
