import ArgumentParser
import Foundation
import RunSurgeClient
import RunSurgeCore

struct BenchLatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Times one chunk from the driver's request to its committed result, and a tiny job over REST.")

    @OptionGroup var bench: BenchOptions
    @Option(help: "Loops of one chunk, 10 to 5000.") var chunks = 300
    @Option(help: "Tiny jobs, 1 to 1000.") var jobs = 60
    @Option(help: "Python processes.") var workers = 2

    func validate() throws {
        guard (10...5_000).contains(chunks), (1...1_000).contains(jobs), workers >= 1 else {
            throw ValidationError("--chunks must be from 10 to 5000, --jobs from 1 to 1000, --workers at least 1")
        }
    }

    /// The script measures itself: each loop is one chunk, asked for, run, committed and put in place.
    private var script: String {
        """
        import json
        import time
        seconds = []
        while len(seconds) < \(chunks + 20):
            begun = time.perf_counter()
            kept = []
            for number in range(1):
                kept.append(number)
            seconds.append(time.perf_counter() - begun)
        print(json.dumps(seconds))
        """
    }

    func run() async throws {
        let command = self
        let report = try await BenchCluster.with(slots: workers, python: bench.python) { cluster in
            var report = command.bench.report(
                "latency", "\(command.chunks) loops of one chunk, \(command.jobs) tiny jobs, \(command.workers) slots")
            report.figures = try await command.chunkLatency(cluster) + command.jobLatency(cluster)
            report.limits = try await command.bench.limits(cluster)
            return report
        }
        try report.show(json: bench.json)
    }

    private struct Report: Decodable {
        let chunks: Int64
    }

    private func chunkLatency(_ cluster: BenchCluster) async throws -> [BenchFigure] {
        var options = JobOptions()
        options.chunkRecords = 1
        options.minSplitSeconds = 0
        let seconds = try await BenchCluster.script(script, options: options, python: bench.python) { job in
            let ended = try await cluster.run(job).job
            guard let outcome = ended.outcome else { throw CommandError.failure("the job has no outcome") }
            let found = try JSONDecoder().decode(Report.self, from: Data(outcome.report))
            guard found.chunks >= chunks else {
                throw CommandError.failure("only \(found.chunks) of \(chunks) loops were handed over")
            }
            let output = try await cluster.master.gateway.blobs.bytes(of: outcome.standardOutput, limit: 16 << 20)
            return try JSONDecoder().decode([Double].self, from: Data(output))
        }
        // The first ones start the processes.
        let sample = Sample(Array(seconds.dropFirst(20)))
        return [
            BenchFigure("one chunk, p50", sample.median * 1e3, "ms"),
            BenchFigure("one chunk, p99", sample.quantile(0.99) * 1e3, "ms"),
        ]
    }

    private func jobLatency(_ cluster: BenchCluster) async throws -> [BenchFigure] {
        guard let access = cluster.master.access, let token = access.operatorToken else { return [] }
        let client = RunSurgeClient(url: access.url, token: token)
        var seconds: [Double] = []
        let script = Submission.File(
            path: "/job/tiny.py", content: .bytes(Array("print(1)\n".utf8)), mode: 0o644, modifiedNanoseconds: 0)
        for number in 0..<(jobs + 5) {
            let begun = ContinuousClock.now
            let id = try await client.submit(Submission(script: script, workingDirectory: "/job")).jobID
            var output: [UInt8] = []
            // Ends when the job has ended and all of its output is there.
            for try await piece in client.logs(id, stream: .standardOutput, follow: true) { output += piece }
            let duration = (ContinuousClock.now - begun).seconds
            guard output == Array("1\n".utf8) else { throw CommandError.failure("a tiny job printed something else") }
            if number >= 5 { seconds.append(duration) }
            // As jobs come: not on the heels of each other, while the next interpreter is being made ready.
            try await Task.sleep(for: .milliseconds(150))
        }
        let sample = Sample(seconds)
        return [
            BenchFigure("a tiny job from POST to its result, p50", sample.median * 1e3, "ms"),
            BenchFigure("a tiny job from POST to its result, p99", sample.quantile(0.99) * 1e3, "ms"),
        ]
    }
}
