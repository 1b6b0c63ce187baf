import Logging
import RunSurgeCore
import RunSurgeProtocol
import Testing
import ZeroMQ

@testable import RunSurgeWorker

/// A whole agent with real sockets, sandboxes and Python, and the master that a test plays.
final class AgentFixture: Sendable {
    static let emptyPlan = #"{"version":1,"whole_script_reason":null,"regions":[],"may_write_inputs":true}"#

    let master: ScriptedMaster
    let blobs: FolderBlobStore
    let folder: TestFolder
    let sockets: SocketThread
    let worker: Worker
    private let running: Task<Void, any Error>

    init(
        slots: Int = 1, sandboxed: Bool = true, folder: TestFolder? = nil, master: ScriptedMaster? = nil,
        blobs: FolderBlobStore? = nil, configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) async throws {
        let folder = try folder ?? TestFolder()
        let blobs = try blobs ?? FolderBlobStore()
        var given = master
        if given == nil {
            given = try await ScriptedMaster()
            await given?.start()
        }
        let master = try #require(given)
        self.master = master
        self.blobs = blobs
        self.folder = folder
        sockets = try SocketThread(name: "test-agent")
        var configuration = WorkerConfiguration(
            endpoints: [await master.endpoint], name: "tester", slots: slots,
            memoryBytes: Int64(slots) << 30, folder: folder.path + "/agent")
        configuration.isSandboxed = sandboxed
        configure(&configuration)
        var logger = Logger(label: "worker")
        logger.logLevel = .warning
        let worker = Worker(
            configuration: configuration, sockets: sockets, blobs: { _ in blobs }, logger: logger)
        self.worker = worker
        let before = await master.attachments
        running = Task { try await worker.run() }
        await eventually("the agent attaches") { await master.attachments > before }
    }

    /// Ends the agent without a chance to say goodbye.
    func stop() async {
        running.cancel()
        _ = await running.result
        await sockets.shutdown()
    }

    func stopAll() async {
        await stop()
        await master.stop()
    }

    /// Runs a script in `/job` and returns what came of it.
    func run(
        _ script: String, inputs: [FileEntry] = [], directory: String = "/job", job: Int64 = 1,
        plan: String = AgentFixture.emptyPlan, memory: Int64 = 1 << 30,
        change: (inout JobSpecification) -> Void = { _ in }
    ) async throws -> WireDriverOutcome {
        var specification = JobSpecification(
            name: "test", script: try await blobs.entry("\(directory)/script.py", script), inputs: inputs,
            workingDirectory: directory)
        change(&specification)
        try await master.assignDriver(specification, job: job, plan: plan, memory: memory)
        await eventually("the script's outcome") { await master.driverOutcome(job: job) != nil }
        return try #require(await master.driverOutcome(job: job))
    }

    func output(_ outcome: WireDriverOutcome) async throws -> String {
        try await blobs.text(try BlobReference(wire: outcome.standardOutput))
    }

    func errors(_ outcome: WireDriverOutcome) async throws -> String {
        try await blobs.text(try BlobReference(wire: outcome.standardError))
    }
}
