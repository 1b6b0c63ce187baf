import ArgumentParser
import Foundation
import Logging
import RunSurgeClient
import RunSurgeCore
import RunSurgeStore
import RunSurgeWorker
import ServiceLifecycle
import UnixSignals
import ZeroMQ

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Attaches this machine to a master; detach it whenever you like, nothing is lost.",
        discussion: """
            A worker without a key enrols first: at --master or the last login's, with --enroll-token, or as the user \
            who is logged in or whose RUNSURGE_TOKEN is set. The key stays in its folder, for the next start.
            Every option may also be given as a variable, in the environment or in a .env file: RUNSURGE_CONNECT, \
            RUNSURGE_SERVER_KEY, RUNSURGE_ENROLL_TOKEN (or RUNSURGE_ENROLL_TOKEN_FILE), RUNSURGE_SLOTS, \
            RUNSURGE_MEMORY, RUNSURGE_NAME, RUNSURGE_FOLDER, RUNSURGE_DRAIN.

            SIGTERM or SIGINT drains it: what has not begun is given back at once, what runs may end within --drain, \
            the rest goes back to the master. A second one ends it at once.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(
        help: ArgumentHelp(
            "A master's work endpoint, such as tcp://master:50051 (default: what it said at the enrolment); several, "
                + "with commas or repeated, when masters stand by.", valueName: "endpoint"))
    var connect: [String] = []
    @Option(help: "Enrols this machine; several, separated by commas, are tried in turn.") var enrollToken: String?
    @Option(help: "The master's public key, when it is none of those that the enrolment named.") var serverKey: String?
    @Option(help: "Python processes that may compute at once (default: the cores).") var slots: Int?
    @Option(help: "Memory of all of them together, such as 8G (default: four fifths of the machine's).")
    var memory: String?
    @Option(help: "A name for the machine (default: its host name).") var name: String?
    @Option(help: "The folder for caches and results on their way.") var folder: String?
    @Option(help: "Seconds that what runs may take to end once this worker is told to (default: 20).")
    var drain: Int?
    @Option(help: "A file of NAME=value lines (default: .env, when there is one).") var config: String?
    @OptionGroup var python: PythonOptions

    func run() async throws {
        let settings = try await Settings(
            flags: [
                "runsurge.connect": connect.isEmpty ? nil : connect.joined(separator: ","),
                "runsurge.server.key": serverKey, "runsurge.enroll.token": enrollToken,
                "runsurge.drain": drain.map { "\($0)" }, "runsurge.slots": slots.map { "\($0)" },
                "runsurge.memory": memory,
                "runsurge.name": name, "runsurge.folder": folder,
            ], file: config)
        let folder =
            try settings.text("runsurge.folder").map { try ClusterFolder(path: Path.absolute($0)) }
            ?? ClusterFolder.firstFree("worker")
        let logger = ServerLog.logger()
        let configuration = try await configuration(settings, folder: folder, logger)
        let sockets = try SocketThread(name: "zeromq")
        let worker = Worker(
            configuration: configuration, sockets: sockets,
            blobs: { access in try Self.blobs(access, folder: configuration.folder) }, logger: logger)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: worker)], logger: logger))
        do {
            try await Self.run(services, logger: logger)
        } catch {
            await sockets.shutdown()
            throw CommandError.failure("\(error)")
        }
        await sockets.shutdown()
    }

    /// The first signal drains the worker, the second ends it.
    private static func run(_ services: ServiceGroup, logger: Logger) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            group.addTask {
                var count = 0
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
                    count += 1
                    guard count == 1 else { return }
                    logger.notice("draining; a second signal ends the worker at once")
                    await services.triggerGracefulShutdown()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func configuration(
        _ settings: Settings, folder: ClusterFolder, _ logger: Logger
    ) async throws -> WorkerConfiguration {
        let information = ProcessInfo.processInfo
        let name = settings.text("runsurge.name") ?? information.hostName
        var endpoints = (settings.text("runsurge.connect") ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        for endpoint in endpoints where !endpoint.hasPrefix("tcp://") && !endpoint.hasPrefix("ipc://") {
            throw CommandError.usage("--connect is \(endpoint); it must look like tcp://HOST:PORT")
        }
        var keys: WorkerKeys?
        // On a master's own machine the folder of its sockets is the key.
        if endpoints.isEmpty || endpoints.contains(where: { !$0.hasPrefix("ipc://") }) {
            let file = try await WorkerEnrolment(settings: settings, connection: connection, folder: folder).key(name)
            keys = try WorkerEnrolment.keys(file, settings, at: folder.linkKey, logger)
            if endpoints.isEmpty { endpoints = [file.endpoints.work] }
        }
        var configuration = WorkerConfiguration(
            endpoints: endpoints, name: name,
            slots: try settings.integer("runsurge.slots", in: 1...1024, default: information.activeProcessorCount),
            memoryBytes: try settings.size("runsurge.memory", default: Int64(information.physicalMemory / 5 * 4)),
            folder: folder.path + "/agent")
        configuration.keys = keys
        configuration.drainPeriod = .seconds(try settings.integer("runsurge.drain", in: 0...86_400, default: 20))
        configuration.python = python.interpreter
        configuration.isSandboxed = python.isSandboxed
        return configuration
    }

    /// The master's own files when they are within reach, its REST facade otherwise.
    private static func blobs(_ access: BlobAccess, folder: String) throws -> any BlobStore {
        if let directory = access.directory, FileManager.default.isWritableFile(atPath: directory) {
            return try FileBlobStore(folder: directory)
        }
        let uploads = folder + "/uploads"
        try FileManager.default.createDirectory(atPath: uploads, withIntermediateDirectories: true)
        return HTTPBlobStore(url: access.url, token: access.token, folder: uploads)
    }
}
