import ArgumentParser
import Foundation
import RunSurgeCore

struct BenchChunksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chunks",
        abstract: "Runs chunks of one record that do nothing, in real Python processes, with every result committed.")

    @OptionGroup var python: PythonOptions
    @Option(help: "Chunks of one run, 1 to 100000.") var chunks = 20_000
    @Option(help: "Python processes.") var workers = 2
    @Option(help: "Runs that are measured, after one that is not.") var runs = 3
    @Flag(help: "Print JSON.") var json = false

    private struct Result: Encodable {
        let machine: String
        let python: String
        let chunks: Int64
        let workers: Int
        /// Of each run, from the start of the driver to the end of the job.
        let seconds: [Double]
        let chunksPerSecond: [Double]
        let medianChunksPerSecond: Double
    }

    func validate() throws {
        guard (1...100_000).contains(chunks) else { throw ValidationError("--chunks must be from 1 to 100000") }
        guard workers >= 1, runs >= 1 else { throw ValidationError("--workers and --runs must be at least 1") }
    }

    func run() async throws {
        let script = Path.absolute("runsurge-bench-\(UInt64.random(in: 0 ... .max)).py", in: "/tmp")
        try "kept = []\nfor number in range(\(chunks)):\n    kept.append(None)\nprint(len(kept))\n".write(
            toFile: script, atomically: true, encoding: .utf8)
        defer { unlink(script) }
        let folder = try ClusterFolder.firstFree("run")
        let settings = MasterSettings(folder: folder, slots: workers, python: python)
        var options = JobOptions()
        options.chunkRecords = 1
        options.minSplitSeconds = 0
        let job = try await JobPreparation.prepare(
            script: script, arguments: [], inputs: [], options: options, exporter: try await python.exporter())
        let logger = try LogFile(path: folder.log).logger(label: "runsurge")
        let command = self
        let results = try await MasterProcess.with(settings, logger: logger) { master in
            var results: [(chunks: Int64, seconds: Double, python: String)] = []
            for _ in 0...command.runs { results.append(try await command.measure(job, on: master.gateway)) }
            return Array(results.dropFirst())
        }
        try show(results)
    }

    private func measure(
        _ job: PreparedJob, on gateway: LocalGateway
    ) async throws -> (chunks: Int64, seconds: Double, python: String) {
        let id = try await gateway.submit(job)
        while true {
            guard let found = try await gateway.jobs.job(id, owner: gateway.owner) else {
                throw CommandError.failure("job \(id) is gone")
            }
            if let outcome = found.outcome, let started = found.startedAt, let finished = found.finishedAt {
                let report = try JSONDecoder().decode(Report.self, from: Data(outcome.report))
                guard outcome.exitStatus == 0, report.chunks == chunks else {
                    throw CommandError.failure("job \(id) ran in \(report.chunks) chunks, not \(chunks)")
                }
                let seconds = Double(finished.microseconds - started.microseconds) / 1e6
                return (report.chunks, seconds, report.python)
            }
            guard !found.state.isFinal else { throw CommandError.failure(found.failure ?? "job \(id) \(found.state)") }
            try await gateway.jobs.waitForChange(of: id, within: .seconds(1))
        }
    }

    private struct Report: Decodable {
        let chunks: Int64
        let python: String
    }

    private func show(_ results: [(chunks: Int64, seconds: Double, python: String)]) throws {
        let rates = results.map { Double($0.chunks) / $0.seconds }
        let median = rates.sorted()[rates.count / 2]
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let machine = "\(cores) cores, \(MemorySize(bytes: Int64(ProcessInfo.processInfo.physicalMemory)))"
        if json {
            try JSONOutput.print(
                Result(
                    machine: machine, python: results[0].python, chunks: Int64(chunks), workers: workers,
                    seconds: results.map(\.seconds), chunksPerSecond: rates, medianChunksPerSecond: median))
            return
        }
        print("\(chunks) chunks that do nothing, \(workers) Python processes, results committed; \(machine)")
        var table = TextTable("run", "seconds", "chunks/s")
        for (index, result) in results.enumerated() {
            table.add("\(index + 1)", "\((result.seconds * 1000).rounded() / 1000)", "\(Int(rates[index]))")
        }
        print(table.text)
        print("median \(Int(median)) chunks/s")
    }
}
