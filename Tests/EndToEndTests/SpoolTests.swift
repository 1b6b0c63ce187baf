import Foundation
import Testing

/// Results wait on the worker's disk: they outlive the agent, and a full disk loses and doubles none.
@Suite(.serialized) struct SpoolTests {
    /// The master does not acknowledge, the agent is killed, and a new one has the results of the former.
    @Test func resultsOutliveTheAgentAndTheMastersSilence() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let workload = try await Workload(lines: 40_000, logs: cluster.logs)
        let driver = try cluster.attachWorker(slots: 1, name: "driver")
        // Short chunks, of which many wait at the helper.
        let job = try await cluster.submit(workload, chunkRecords: 10)
        try await eventually("the driver to run") { try await cluster.facts(of: job).status == "running" }
        let place = cluster.folder.appending(path: "helper")
        let helper = try cluster.attachWorker(slots: 1, name: "helper", place: place)
        try await eventually("the helper to be attached") { try await cluster.listedNodes().count == 2 }
        try await cluster.chunks(of: job, reach: 10)

        let spool = place.appending(path: "agent/spool").path
        try await silence(cluster, of: job, untilResultsWaitIn: spool)
        helper.kill()
        _ = try await helper.finish()
        kill(cluster.process.identifier, SIGCONT)
        let again = try cluster.attachWorker(slots: 1, name: "helper", place: place)

        let report = try await cluster.expectIdentical(job, workload)
        #expect(report.chunks == 8_000, "every chunk of the two loops once")
        try await eventually("an empty spool") { Self.bytes(in: spool) == 0 || again.isRunning == false }
        again.terminate()
        driver.terminate()
        try await cluster.stop()
    }

    @Test func aFullSpoolDiskLosesAndDoublesNothing() async throws {
        try #require(geteuid() == 0, "a small disk needs root: run the tests as root")
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let place = cluster.folder.appending(path: "full")
        let spool = place.appending(path: "agent/spool")
        try FileManager.default.createDirectory(at: spool, withIntermediateDirectories: true)
        try await mount(["-t", "tmpfs", "-o", "size=64k", "none", spool.path], cluster)
        defer { umount2(spool.path, 2) }
        // Nearly full of something else.
        try Data(count: 56 << 10).write(to: spool.appending(path: "filler"))
        let workload = try await Workload(lines: 6_000, logs: cluster.logs)
        let worker = try cluster.attachWorker(slots: 2, name: "full", place: place)
        let job = try await cluster.submit(workload)
        try await eventually("the disk to be full") { worker.errorText.contains("the spool can't be written") }

        try FileManager.default.removeItem(at: spool.appending(path: "filler"))
        try await mount(["-o", "remount,size=64m", spool.path], cluster)

        let report = try await cluster.expectIdentical(job, workload)
        #expect(report.chunks == 120, "every chunk of the two loops once")
        try await eventually("the spool to be written again") {
            worker.errorText.contains("the spool can be written again")
        }
        worker.terminate()
        _ = try await worker.finish(within: 30)
        umount2(spool.path, 2)
        try await cluster.stop()
    }

    /// Stops the master at a moment in which the helper has chunks that it was given before.
    private func silence(_ cluster: Cluster, of job: Int, untilResultsWaitIn spool: String) async throws {
        for round in 1...50 {
            let before = Self.bytes(in: spool)
            kill(cluster.process.identifier, SIGSTOP)
            let end = ContinuousClock.now + .milliseconds(500)
            while ContinuousClock.now < end {
                if Self.bytes(in: spool) > before { return }
                await Task.yield()
            }
            kill(cluster.process.identifier, SIGCONT)
            try await cluster.chunks(of: job, reach: 10 + round)
        }
        Issue.record("the helper was idle at every moment that was tried")
    }

    private func mount(_ arguments: [String], _ cluster: Cluster) async throws {
        let result = try await ChildProcess("/usr/bin/env", ["mount"] + arguments, logs: cluster.logs).finish()
        try #require(result.status == 0, "\(String(decoding: result.error, as: UTF8.self))")
    }

    /// Of all segments together.
    private static func bytes(in folder: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }
}
