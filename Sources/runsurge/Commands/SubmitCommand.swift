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

    @Argument(parsing: .captureForPassthrough, help: "The script and its own arguments.")
    var scriptAndArguments: [String] = []

    func validate() throws {
        guard let script = scriptAndArguments.first else { throw ValidationError("name a script to submit") }
        if script.hasPrefix("-") { throw ValidationError("unknown option \(script); options come before the script") }
    }

    func run() async throws {
        let client = try await connection.client()
        var options = splitting.jobOptions
        options.name = name
        let prepared = try await JobPreparation.prepare(
            script: scriptAndArguments[0], arguments: Array(scriptAndArguments.dropFirst()),
            inputs: splitting.input, options: options, exporter: try await python.exporter())
        let job = try await RemoteGateway(client: client).submit(prepared)
        if json {
            try JSONOutput.print(try await client.job(job))
        } else {
            print("job \(job)")
        }
    }
}
