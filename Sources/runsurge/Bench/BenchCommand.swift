import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures dispatch, chunks, latency, scale and REST, beside what the parts can do by themselves.",
        subcommands: [
            BenchDispatchCommand.self, BenchChunksCommand.self, BenchLatencyCommand.self, BenchScaleCommand.self,
            BenchRestCommand.self, BenchFleetCommand.self,
        ])
}

/// What all benchmarks take.
struct BenchOptions: ParsableArguments {
    @OptionGroup var python: PythonOptions
    @Flag(help: "Leave out the limits of the parts.") var withoutLimits = false
    @Flag(help: "Print JSON.") var json = false

    /// What the parts can do on this machine, now.
    func limits(_ cluster: BenchCluster) async throws -> [BenchFigure] {
        guard !withoutLimits else { return [] }
        return try await ZeroMQLimit.measure() + PostgreSQLLimit.measure(cluster.connection)
            + PipeLimit.measure(python: python.interpreter)
    }

    func report(_ benchmark: String, _ what: String) -> BenchReport {
        BenchReport(benchmark: benchmark, what: what, machine: .describe(python: python.interpreter))
    }
}
