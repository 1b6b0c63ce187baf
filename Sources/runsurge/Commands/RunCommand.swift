import ArgumentParser
import Foundation
import RunSurgeCore

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a script as `python3 SCRIPT ARG…` would, split over workers.",
        usage: "runsurge run [<options>] <script> [<argument> ...]",
        discussion: """
            Without --master or RUNSURGE_URL the script runs on a local cluster that is started for it. Options of \
            runsurge come before the script; everything after it belongs to the script.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var splitting: SplittingOptions
    @OptionGroup var python: PythonOptions

    @Option(help: "Processes of the local cluster (default: the number of cores).")
    var workers: Int?

    @Option(help: "Memory of each of these processes, such as 512M (default: an even share of what is free).")
    var workerMemory: MemorySize?

    @Option(help: ArgumentHelp("A file to write the run report to, JSON.", valueName: "file"))
    var report: String?

    @OptionGroup var line: ScriptLine

    func validate() throws {
        if let workers, workers < 1 { throw ValidationError("--workers must be at least 1") }
    }

    func run() async throws {
        let started = ContinuousClock.now
        if connection.isMasterNamed {
            let client = try await connection.client()
            try await run(
                try await prepare(try await python.exporter()), on: RemoteGateway(client: client), started: started)
            return
        }
        let folder = try ClusterFolder.firstFree("run")
        let exporter = Task { [python] in RememberingExporter(try await python.exporter()) }
        let settings = MasterSettings(
            folder: folder, slots: workers ?? ProcessInfo.processInfo.activeProcessorCount,
            memoryPerSlot: workerMemory?.bytes, python: python, exporter: exporter)
        let command = self
        // The analysis does not need the cluster, so the two start together.
        let preparation = Task { try await command.prepare(try await exporter.value) }
        // Standard error belongs to the script.
        let logger = try LogFile(path: folder.log).logger(label: "runsurge")
        try await MasterProcess.with(settings, logger: logger) { master in
            try await command.run(try await preparation.value, on: master.gateway, started: started)
        }
    }

    private func prepare(_ exporter: any SyntaxExporting) async throws -> PreparedJob {
        try await JobPreparation.prepare(
            script: line.script, arguments: line.arguments,
            inputs: splitting.input, options: splitting.jobOptions, exporter: exporter)
    }

    private func run(_ job: PreparedJob, on gateway: any JobGateway, started: ContinuousClock.Instant) async throws {
        let id = try await gateway.submit(job)
        let result = try await CancelOnSignal.watching(id, on: gateway) {
            try await JobFollower(gateway: gateway, job: id).follow()
        }
        try await OutputWriter(gateway: gateway, job: id, destination: job.workingDirectory).write(result)
        if let report { try RunReport.write(result.report, wall: ContinuousClock.now - started, to: report) }
        if result.exitStatus != 0 { throw ScriptStatus(value: result.exitStatus) }
    }
}
