import ArgumentParser
import Foundation

struct BenchChunksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chunks",
        abstract: "Runs chunks of one record that do nothing, in real Python processes, with every result committed.")

    @OptionGroup var bench: BenchOptions
    @Option(help: "Chunks of one run, 1 to 40000.") var chunks = 20_000
    @Option(help: "Python processes.") var workers = 2
    @Option(help: "Runs that are measured, after one that is not.") var runs = 3

    func validate() throws {
        // The driver names the boundaries of chunks that were asked for, and can list so many.
        guard (1...40_000).contains(chunks) else { throw ValidationError("--chunks must be from 1 to 40000") }
        guard workers >= 1, runs >= 1 else { throw ValidationError("--workers and --runs must be at least 1") }
    }

    func run() async throws {
        var options = JobOptions()
        options.chunkRecords = 1
        options.minSplitSeconds = 0
        let text = "kept = []\nfor number in range(\(chunks)):\n    kept.append(None)\nprint(len(kept))\n"
        let command = self
        let report = try await BenchCluster.script(text, options: options, python: bench.python) { job in
            try await BenchCluster.with(slots: workers, python: bench.python) { try await command.measure(job, on: $0) }
        }
        try report.show(json: bench.json)
    }

    private struct Report: Decodable {
        let chunks: Int64
    }

    private func measure(_ job: PreparedJob, on cluster: BenchCluster) async throws -> BenchReport {
        var report = bench.report(
            "chunks", "\(chunks) chunks that do nothing, \(workers) Python processes, results committed, \(runs) runs")
        _ = try await cluster.run(job)
        var seconds: [Double] = []
        let before = cluster.usage()
        for _ in 0..<runs {
            let (ended, duration) = try await cluster.run(job)
            let found = try JSONDecoder().decode(Report.self, from: Data(ended.outcome?.report ?? []))
            guard found.chunks == chunks else {
                throw CommandError.failure("the job ran in \(found.chunks) chunks, not \(chunks)")
            }
            seconds.append(duration)
        }
        let used = cluster.usage() - before
        let rates = Sample(seconds.map { Double(chunks) / $0 })
        let each = 1e6 / Double(chunks * runs)
        report.figures = [
            BenchFigure("chunks a second, median", rates.median, "1/s"),
            BenchFigure("chunks a second, best", rates.greatest, "1/s"),
            BenchFigure("CPU of master and agent", used.own * each, "µs/chunk"),
            BenchFigure("CPU of PostgreSQL", used.postgresql * each, "µs/chunk"),
            BenchFigure("master and agent, resident", bytes: ProcessUsage.own.residentBytes),
        ]
        report.limits = try await bench.limits(cluster)
        return report
    }
}
