import Foundation
import Testing

/// A worker that is told to end gives back what it has not begun, ends what it has, and nothing is lost.
@Suite(.serialized) struct DrainTests {
    @Test func aDrainedWorkerCountsAsNoLoss() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let workload = try await Workload(lines: 12_000, logs: cluster.logs)
        let driver = try cluster.attachWorker(slots: 1, name: "driver")
        let job = try await cluster.submit(workload)
        try await eventually("the driver to run") { try await cluster.facts(of: job).status == "running" }
        let helper = try cluster.attachWorker(slots: 1, name: "helper")
        try await eventually("the helper to be attached") { try await cluster.listedNodes().count == 2 }
        try await cluster.chunks(of: job, reach: 10)

        helper.terminate()

        let end = try await helper.finish(within: 25)
        #expect(end.status == 0, "\(String(decoding: end.error, as: UTF8.self))")
        try await eventually("the helper to be gone") {
            try await cluster.listedNodes().contains { $0.node_name == "helper" && !$0.is_alive }
        }
        let report = try await cluster.expectIdentical(job, workload)
        #expect(report.attempts.lost == 0, "a worker that leaves in order loses nothing")
        driver.terminate()
        try await cluster.stop()
    }

    @Test func theWorkerOfTheDriverMayLeaveToo() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let workload = try await Workload(lines: 12_000, logs: cluster.logs)
        let first = try cluster.attachWorker(slots: 1, name: "first", arguments: ["--drain", "1"])
        let job = try await cluster.submit(workload)
        try await cluster.chunks(of: job, reach: 10)
        let second = try cluster.attachWorker(slots: 1, name: "second")

        first.terminate()

        #expect(try await first.finish(within: 10).status == 0)
        let report = try await cluster.expectIdentical(job, workload)
        #expect(report.attempts.lost == 0)
        second.terminate()
        try await cluster.stop()
    }

    @Test func aSecondSignalEndsTheWorkerAtOnce() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let place = Cluster.temporaryFolder("sleeper")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try "import time\nprint('up', flush=True)\ntime.sleep(600)\n".write(
            to: place.appending(path: "s.py"), atomically: true, encoding: .utf8)
        let worker = try cluster.attachWorker(slots: 1, name: "worker", arguments: ["--drain", "300"])
        let submitted = try await cluster.runsurge(["submit", "--json", "s.py"], in: place).finish()
        let job = try JSONDecoder().decode(Cluster.JobFacts.self, from: submitted.output).job_id
        try await eventually("the script to run") { try await cluster.facts(of: job).status == "running" }
        worker.terminate()
        try await eventually("the worker to drain") { worker.errorText.contains("draining") }
        #expect(worker.isRunning, "the script still runs")

        worker.terminate()

        _ = try await worker.finish(within: 10)
        #expect(!worker.isRunning)
        try await eventually("the job to wait for another worker") {
            try await cluster.facts(of: job).status == "pending_schedule"
        }
        try FileManager.default.removeItem(at: place)
        try await cluster.stop()
    }

    @Test func aNodeIsDrainedAndUsedAgainByCommand() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let workload = try await Workload(lines: 6_000, logs: cluster.logs)
        let first = try cluster.attachWorker(slots: 1, name: "first")
        try await eventually("the worker to be attached") { try await cluster.listedNodes().count == 1 }
        let drained = try await cluster.runsurge(["nodes", "--drain", "first"], in: cluster.folder).finish()
        #expect(drained.status == 0, "\(String(decoding: drained.error, as: UTF8.self))")
        let job = try await cluster.submit(workload)
        let second = try cluster.attachWorker(slots: 1, name: "second")
        let report = try await cluster.expectIdentical(job, workload)
        #expect(report.attempts.lost == 0)
        func chunks(of name: String) async throws -> Int? {
            try await cluster.listedNodes().first { $0.node_name == name }?.num_of_completed_tasks
        }
        #expect(try await chunks(of: "first") == 0, "it was given nothing")

        _ = try await cluster.runsurge(["nodes", "--undrain", "first"], in: cluster.folder).finish()
        second.terminate()
        _ = try await second.finish(within: 30)
        let more = try await Workload(lines: 2_000, logs: cluster.logs)
        try await cluster.expectIdentical(try await cluster.submit(more), more)
        #expect(try await chunks(of: "first") ?? 0 > 0)
        first.terminate()
        try await cluster.stop()
    }

    /// Everything that the script has started goes with it, and only then is the slot free.
    @Test func cancellingEndsTheWholeProcessGroup() async throws {
        let cluster = try await Cluster(workers: 0, arguments: ["--stop-with-parent"])
        let place = Cluster.temporaryFolder("stubborn")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let mark = "stubborn-\(UUID().uuidString)"
        try """
        import signal, subprocess, sys, time
        child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in range(3):
            subprocess.Popen([sys.executable, "-c", child, "\(mark)"], start_new_session=True)
        print('up', flush=True)
        time.sleep(600)

        """.write(to: place.appending(path: "s.py"), atomically: true, encoding: .utf8)
        let worker = try cluster.attachWorker(slots: 1, name: "worker")
        let submitted = try await cluster.runsurge(["submit", "--json", "s.py"], in: place).finish()
        let job = try JSONDecoder().decode(Cluster.JobFacts.self, from: submitted.output).job_id
        try await eventually("its children to run") { try Self.processes(named: mark).count == 3 }

        let cancelled = try await cluster.runsurge(["cancel", "\(job)"], in: place).finish()

        #expect(cancelled.status == 0)
        try await eventually("its children to be gone", within: .seconds(20)) {
            try Self.processes(named: mark).isEmpty
        }
        let next = try await cluster.runsurge(["run", "t.py"], in: try Self.trivial(place)).finish(within: 60)
        #expect(String(decoding: next.output, as: UTF8.self) == "after\n", "the slot is free again")
        worker.terminate()
        try FileManager.default.removeItem(at: place)
        try await cluster.stop()
    }

    private static func trivial(_ place: URL) throws -> URL {
        try "print('after')\n".write(to: place.appending(path: "t.py"), atomically: true, encoding: .utf8)
        return place
    }

    /// Of this machine, whatever sandbox they are in.
    private static func processes(named mark: String) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int($0) }.filter { number in
            guard let command = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") else { return false }
            return String(decoding: command, as: UTF8.self).contains(mark)
        }
    }
}
