import ArgumentParser
import RunSurgeCore

struct BenchDispatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch",
        abstract: "Dispatches chunks to fake workers that answer at once, with every result committed.")

    @OptionGroup var bench: BenchOptions
    @Option(help: "Chunks of one run, 1 to 1000000.") var chunks = 200_000
    @Option(help: "Fake workers, 1 to 5000.") var workers = 10
    @Option(help: "Chunks that one of them may have on their way.") var prefetch = 2_048
    @Option(help: "Runs that are measured, after one that is not.") var runs = 3

    func validate() throws {
        guard (1...1_000_000).contains(chunks) else { throw ValidationError("--chunks must be from 1 to 1000000") }
        guard (1...5_000).contains(workers), (1...8_192).contains(prefetch), runs >= 1 else {
            throw ValidationError("--workers must be from 1 to 5000, --prefetch to 8192, --runs at least 1")
        }
    }

    func run() async throws {
        let command = self
        let report = try await BenchCluster.with(slots: 0, python: bench.python) { cluster in
            let fleet = try await Fleet.start(
                cluster.master, workers: command.workers, slots: 2, prefetch: command.prefetch)
            defer { fleet.stop() }
            return try await command.measure(fleet, on: cluster)
        }
        try report.show(json: bench.json)
    }

    private func measure(_ fleet: Fleet, on cluster: BenchCluster) async throws -> BenchReport {
        var report = bench.report(
            "dispatch", "\(chunks) chunks, \(workers) fake workers, results committed, \(runs) runs")
        let dispatch = try await DispatchMeasurement.run(
            chunks: chunks, runs: runs, fleet, on: cluster, python: bench.python)
        report.figures = dispatch.figures
        report.limits = try await bench.limits(cluster)
        return report
    }
}

/// Jobs of fake workers, one after the other.
struct DispatchMeasurement: Sendable {
    let rates: Sample
    let used: UsageDifference
    let accepts: Sample
    /// Bytes.
    let peak: Int64
    private let total: Int

    /// After one job that is not measured.
    static func run(
        chunks: Int, runs: Int, warmUp: Bool = true, _ fleet: Fleet, on cluster: BenchCluster, python: PythonOptions
    ) async throws -> DispatchMeasurement {
        var options = JobOptions()
        options.minSplitSeconds = 0
        return try await BenchCluster.script(
            "import sys\n", arguments: ["\(chunks)"], options: options, python: python
        ) { job in
            if warmUp {
                _ = try await cluster.run(job)
                _ = try await fleet.report()
            }
            ProcessUsage.resetPeak()
            let before = cluster.usage()
            var reports: [FleetReport] = []
            var seconds: [Double] = []
            for _ in 0..<runs {
                seconds.append(try await cluster.run(job).seconds)
                reports.append(try await fleet.report())
            }
            let used = cluster.usage() - before
            return DispatchMeasurement(
                rates: Sample(seconds.map { Double(chunks) / $0 }), used: used,
                accepts: Sample(reports.map(\.acceptSeconds)), peak: ProcessUsage.peak, total: chunks * runs)
        }
    }

    /// CPU of everything, in microseconds.
    var costPerChunk: Double { (used.own + used.others + used.postgresql) * 1e6 / Double(total) }

    var figures: [BenchFigure] {
        let each = 1e6 / Double(total)
        return [
            BenchFigure("chunks a second, median", rates.median, "1/s"),
            BenchFigure("chunks a second, best", rates.greatest, "1/s"),
            BenchFigure("CPU of the master", used.own * each, "µs/chunk"),
            BenchFigure("CPU of the fake workers", used.others * each, "µs/chunk"),
            BenchFigure("CPU of PostgreSQL", used.postgresql * each, "µs/chunk"),
            BenchFigure("from request to answer, median", accepts.median * 1e3, "ms"),
            BenchFigure("master, largest resident", bytes: peak),
        ]
    }
}
