import ArgumentParser
import Foundation
import RunSurgeCore
import RunSurgeProtocol
import ZeroMQ

struct BenchScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Attaches thousands of fake workers, counts heartbeats, and dispatches a job of a million chunks.")

    @OptionGroup var bench: BenchOptions
    @Option(help: "Fake workers, 10 to 8000.") var workers = 5_000
    @Option(help: "Chunks of the largest job, 10000 to 1000000.") var chunks = 1_000_000
    @Option(help: "Runs of each measurement.") var runs = 3

    private static let fewWorkers = 10
    /// Of short chunks, as a real worker asks for.
    private static let prefetch = 2_048
    private static let watched = Duration.seconds(5)

    func validate() throws {
        guard (10...8_000).contains(workers), (10_000...1_000_000).contains(chunks), runs >= 1 else {
            throw ValidationError("--workers must be from 10 to 8000, --chunks from 10000 to 1000000, --runs 1 or more")
        }
    }

    func run() async throws {
        let command = self
        let report = try await BenchCluster.with(slots: 0, python: bench.python) { cluster in
            var report = command.bench.report(
                "scale", "\(command.workers) fake workers, and jobs of up to \(command.chunks) chunks")
            let few = try await command.withFew(cluster)
            let many = try await command.withMany(cluster)
            let ratio = many.rate / few.rate
            report.figures =
                few.figures + many.figures + [BenchFigure("dispatch, many workers to few", ratio, "ratio")]
            report.limits = try await command.bench.limits(cluster)
            return report
        }
        try report.show(json: bench.json)
    }

    // MARK: Few workers: jobs of growing size

    private func withFew(_ cluster: BenchCluster) async throws -> (rate: Double, figures: [BenchFigure]) {
        let fleet = try await Fleet.start(cluster.master, workers: Self.fewWorkers, slots: 2, prefetch: Self.prefetch)
        defer { fleet.stop() }
        var figures: [BenchFigure] = []
        for size in [1_000, 10_000, 100_000, 1_000_000] where size <= chunks {
            let measured = try await DispatchMeasurement.run(
                chunks: size, runs: runs, warmUp: size == 1_000, fleet, on: cluster,
                python: bench.python)
            figures += [
                BenchFigure("\(size) chunks, CPU of everything", measured.costPerChunk, "µs/chunk"),
                BenchFigure("\(size) chunks, chunks a second", measured.rates.median, "1/s"),
                BenchFigure("\(size) chunks, from request to answer", measured.accepts.median * 1e3, "ms"),
                BenchFigure("\(size) chunks, master's largest resident", bytes: measured.peak),
            ]
        }
        return (try await compared(fleet, cluster), figures)
    }

    /// The largest job, as many workers as there are.
    private func compared(_ fleet: Fleet, _ cluster: BenchCluster) async throws -> Double {
        try await DispatchMeasurement.run(
            chunks: chunks, runs: runs, warmUp: false, fleet, on: cluster, python: bench.python
        ).rates.median
    }

    // MARK: Many workers

    private func withMany(_ cluster: BenchCluster) async throws -> (rate: Double, figures: [BenchFigure]) {
        let before = ProcessUsage.own
        let begun = ContinuousClock.now
        let fleet = try await Fleet.start(cluster.master, workers: workers, slots: 2, prefetch: Self.prefetch)
        defer { fleet.stop() }
        let attached = (ContinuousClock.now - begun).seconds
        let usage = cluster.usage()
        let seen = try await heartbeats(of: cluster)
        let watching = cluster.usage() - usage
        let rate = try await compared(fleet, cluster)
        let duration = Self.watched.seconds
        return (
            rate,
            [
                BenchFigure("\(workers) workers, time to attach", attached, "s"),
                BenchFigure("\(workers) workers, heard of in \(Int(duration)) s", Double(seen.workers), "workers"),
                BenchFigure("\(workers) workers, heartbeats relayed", Double(seen.beats) / duration, "1/s"),
                BenchFigure("\(workers) idle workers, CPU of the master", watching.own / duration * 100, "% of a core"),
                BenchFigure(
                    "\(workers) workers, resident more a worker",
                    Double(ProcessUsage.own.residentBytes - before.residentBytes) / 1024 / Double(workers), "KiB"),
                BenchFigure("\(workers) workers, chunks a second", rate, "1/s"),
            ]
        )
    }

    /// What a monitoring tool sees on the events endpoint.
    private func heartbeats(of cluster: BenchCluster) async throws -> (workers: Int, beats: Int) {
        guard let local = cluster.master.local else { return (0, 0) }
        let sockets = try SocketThread(name: "watch")
        var options = SocketOptions()
        options.subscriptions = [Array("node/".utf8)]
        options.receiveHighWaterMark = 0
        let events = try await sockets.open(SocketConfiguration(.sub, connect: [local.events], options: options))
        let counting = Task {
            var (workers, beats) = (Set<Int64>(), 0)
            var deadline: ContinuousClock.Instant?
            while let batch = await events.messages.nextBatch() {
                let end = deadline ?? .now + Self.watched
                deadline = end
                if ContinuousClock.now >= end { break }
                for message in batch {
                    guard let frame = message.frames.last,
                        let beat = try? FrameCodec.decode(WireHeartbeat.self, from: frame)
                    else { continue }
                    workers.insert(beat.nodeID)
                    beats += 1
                }
            }
            return (workers.count, beats)
        }
        let seen = await counting.value
        await sockets.shutdown()
        return seen
    }
}
