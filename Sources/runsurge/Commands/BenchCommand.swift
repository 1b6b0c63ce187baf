import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures batch throughput.", subcommands: [BenchChunksCommand.self])
}
