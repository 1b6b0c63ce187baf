import Foundation
import Testing

/// Processes are killed with -9 in the middle of a job: it ends with the identical result, and nothing counts twice.
@Suite(.serialized) struct FaultTests {
    private static let splitAll = ["--min-split-seconds", "0", "--chunk-records", "100"]
    private static let lines = 12_000

    @Test func survivesTheLossOfAWorkerThatRunsChunks() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        // Longer than a second worker may take to start on a busy machine.
        let workload = try await Workload(lines: 4 * Self.lines, logs: cluster.logs)
        let driver = try cluster.attachWorker(slots: 1, name: "driver")
        let job = try await submit(workload, to: cluster)
        try await eventually("the driver to run") { try await cluster.job(job).status == "running" }
        let helper = try cluster.attachWorker(slots: 1, name: "helper")
        try await eventually("the helper to be attached") { try await cluster.nodes().count(where: \.is_alive) == 2 }
        try await chunks(of: job, in: cluster, reach: 10)

        helper.kill()

        try await expectIdentical(job, workload, cluster)
        driver.terminate()
        try await cluster.stop()
    }

    @Test func survivesTheLossOfTheDriversWorker() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let workload = try await Workload(lines: Self.lines, logs: cluster.logs)
        let first = try cluster.attachWorker(slots: 1, name: "first")
        let job = try await submit(workload, to: cluster)
        try await chunks(of: job, in: cluster, reach: 10)
        let second = try cluster.attachWorker(slots: 2, name: "second")

        first.kill()

        let report = try await expectIdentical(job, workload, cluster)
        #expect(report.attempts.lost >= 1, "the driver's attempt was lost")
        second.terminate()
        try await cluster.stop()
    }

    @Test func survivesTheLossOfTheMasterAndItsDatabase() async throws {
        let ports = ["--port", "\(try Cluster.freePorts())", "--work-port", "0"]
        let cluster = try await Cluster(workers: 2, arguments: ports)
        let workload = try await Workload(lines: Self.lines, logs: cluster.logs)
        let job = try await submit(workload, to: cluster)
        try await chunks(of: job, in: cluster, reach: 10)

        cluster.process.kill()
        _ = try await cluster.process.finish()
        let again = try await Cluster(workers: 2, folder: cluster.folder, arguments: ports)

        let report = try await expectIdentical(job, workload, again)
        #expect(report.chunks == 2 * Self.lines / 100, "every chunk of the two loops once")
        try await again.stop()
    }

    @Test func attachedWorkersGoOnAfterTheMasterIsBack() async throws {
        let ports = ["--port", "\(try Cluster.freePorts())", "--work-port", "\(try Cluster.freePorts())"]
        let cluster = try await Cluster(workers: 0, arguments: ports)
        let workload = try await Workload(lines: Self.lines, logs: cluster.logs)
        let workers = try (1...2).map { try cluster.attachWorker(slots: 1, name: "worker \($0)") }
        let job = try await submit(workload, to: cluster)
        try await chunks(of: job, in: cluster, reach: 10)

        cluster.process.kill()
        _ = try await cluster.process.finish()
        let again = try await Cluster(workers: 0, folder: cluster.folder, arguments: ports)

        try await expectIdentical(job, workload, again)
        for worker in workers { worker.terminate() }
        try await again.stop()
    }

    // MARK: steps

    private func submit(_ workload: Workload, to cluster: Cluster) async throws -> Int {
        let submitted = try await cluster.runsurge(
            ["submit", "--json"] + Self.splitAll + ["s.py"], in: workload.folder
        ).finish()
        try #require(submitted.status == 0, "\(String(decoding: submitted.error, as: UTF8.self))")
        return try JSONDecoder().decode(Cluster.JobFacts.self, from: submitted.output).job_id
    }

    private func chunks(of job: Int, in cluster: Cluster, reach count: Int) async throws {
        try await eventually("\(count) chunks to be done") {
            let facts = try await cluster.job(job)
            try #require(facts.status != "completed", "the job ended before the fault: make it longer")
            return facts.completedChunks >= count
        }
    }

    @discardableResult
    private func expectIdentical(_ job: Int, _ workload: Workload, _ cluster: Cluster) async throws -> Report {
        try await eventually("the job to end", within: .seconds(180)) {
            let status = try await cluster.job(job).status
            try #require(status != "failed" && status != "cancelled", "job \(status)")
            return status == "completed"
        }
        let report = cluster.folder.appending(path: "report-\(UUID().uuidString).json")
        let result = try await cluster.runsurge(
            ["result", "\(job)", "--output", workload.folder.path, "--report", report.path], in: workload.folder
        ).finish()
        let found = try Observation(result, folder: workload.folder)
        #expect(found.firstDifference(from: workload.expected) == nil)
        try FileManager.default.removeItem(at: workload.folder)
        return try Report(contentsOf: report)
    }
}
