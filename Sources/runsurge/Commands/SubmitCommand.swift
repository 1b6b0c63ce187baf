import ArgumentParser
import RunSurgeCore

struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Submits a script to a master and returns at once.",
        usage: "runsurge submit [<options>] <script> [<argument> ...]")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var splitting: SplittingOptions
    @OptionGroup var python: PythonOptions
    @Option(help: "A name for the job (default: the script's).") var name: String?
    @Flag(help: "Print JSON.") var json = false

    @OptionGroup var line: ScriptLine

    func run() async throws {
        let client = try await connection.client()
        var options = splitting.jobOptions
        options.name = name
        let prepared = try await JobPreparation.prepare(
            script: line.script, arguments: line.arguments,
            inputs: splitting.input, options: options, exporter: try await python.exporter())
        let job = try await RemoteGateway(client: client).submit(prepared)
        if json {
            try JSONOutput.print(try await client.job(job))
        } else {
            print("job \(job)")
        }
    }
}
