import ArgumentParser
import Foundation
import RunSurgeClient

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Starts a local cluster that stays: embedded PostgreSQL, master and worker; prints how to use it.")

    @Option(help: "The folder that the cluster keeps everything in.") var data: String?
    @Option(help: "Python processes of the cluster's own worker; 0: none, attach your own (default: the cores).")
    var workers: Int?
    @Option(help: "Memory of each of these processes, such as 512M.") var workerMemory: MemorySize?
    @OptionGroup var python: PythonOptions
    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port of the REST facade; 0: any free one.") var port = 8000
    @Option(help: "First of four ports for workers and monitoring tools; 0: any free ones.") var workPort = 50_051
    @Option(help: "Write how to use the cluster to this file when it is ready, JSON.") var readyFile: String?
    @Flag(help: "End when the process that started this one ends.") var stopWithParent = false

    func validate() throws {
        guard (workers ?? 1) >= 0 else { throw ValidationError("--workers must be 0 or more") }
        guard (0...65_535).contains(port), (0...65_532).contains(workPort) else {
            throw ValidationError("ports are numbers from 0 to 65535")
        }
    }

    private struct Ready: Encodable {
        let url: String
        let token: String
        let work: String
        let events: String
        let enrollToken: String
    }

    func run() async throws {
        let folder = try ClusterFolder(path: Path.absolute(data ?? ClusterFolder.base + "/up"))
        var settings = MasterSettings(
            folder: folder, slots: workers ?? ProcessInfo.processInfo.activeProcessorCount,
            memoryPerSlot: workerMemory?.bytes, access: .init(host: host, port: port, workPort: workPort),
            python: python)
        settings.standsBy = false
        let environment = try await Settings()
        settings.access?.documentAssets = try environment.documentAssets()
        settings.access?.scan = try ScanSettings.read(environment)
        if let external = try DatabaseSettings.read(environment) { settings.database = .external(external) }
        let command = self
        try await MasterProcess.with(settings, logger: ServerLog.logger()) { master in
            try await command.announce(master)
            await Shutdown.requested(withParent: command.stopWithParent)
        }
    }

    /// How long the line that attaches another worker can be used.
    private static let tokenLife = 86_400

    private func announce(_ master: MasterProcess) async throws {
        guard let access = master.access, let token = access.operatorToken, let endpoints = access.endpoints else {
            return
        }
        let enrolment = try await RunSurgeClient(url: access.url, token: token)
            .makeEnrolmentToken(kind: .worker, lifetime: Self.tokenLife)
        let ready = Ready(
            url: access.url, token: token, work: endpoints.work, events: endpoints.events,
            enrollToken: enrolment.token)
        if let readyFile {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            try PrivateFile.write(try encoder.encode(ready), to: Path.absolute(readyFile))
        }
        print(
            """
            RunSurge is up.
              export RUNSURGE_URL=\(ready.url) RUNSURGE_TOKEN=\(ready.token)
              runsurge run SCRIPT …
            To attach another machine, once within a day (for more: runsurge enroll --new-token):
              runsurge worker --master \(ready.url) --enroll-token \(ready.enrollToken)
            Heartbeats for monitoring tools: \(ready.events) (with a key of runsurge enroll --monitor)
            """)
        fflush(nil)
    }
}
