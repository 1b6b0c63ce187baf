import Foundation
import Hummingbird
import Logging
import RunSurgeAPI
import RunSurgeCore
import RunSurgeMaster
import RunSurgeScheduling
import RunSurgeStore
import RunSurgeWorker
import ServiceLifecycle
import ZeroMQ

/// Starts the services of a master process in the order of their dependencies: each learns from the one before where
/// it listens.
struct MasterStart: Sendable {
    let settings: MasterSettings
    let store: Store
    let sockets: SocketThread
    let logger: Logger
    private let board = ClusterBoard()
    private let shares: ConnectionShares
    private let passes = BlobPasses()

    init(settings: MasterSettings, store: Store, sockets: SocketThread, logger: Logger) {
        self.settings = settings
        self.store = store
        self.sockets = sockets
        self.logger = logger
        shares = ConnectionShares(
            descriptors: DescriptorLimit.raise(), connectionsPerWorker: settings.connectionsPerWorker)
    }

    func run<Value: Sendable>(
        _ body: @escaping @Sendable (MasterProcess) async throws -> Value
    ) async throws -> Value {
        if settings.access != nil, shares.isShort {
            logger.notice(
                "the limit of open files bounds the workers that can be attached",
                metadata: ["workers": "\(shares.workers)", "remedy": "raise it, for example with ulimit -n"])
        }
        let blobs = try FileBlobStore(folder: settings.blobFolder)
        let maintenance = MaintenanceLoop(store: store, blobs: blobs, standing: board.standing, logger: logger)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: maintenance)], logger: logger))
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await services.run()
                return nil
            }
            group.addTask {
                let process = try await start(services, blobs: blobs)
                return try await body(process)
            }
            // The services end by themselves only when one of them fails, which throws here.
            var value: Value?
            while let ended = try await group.next() {
                guard value == nil, let ended else { break }
                value = ended
                await services.triggerGracefulShutdown()
            }
            guard let value else { throw CommandError.failure("the master ended before it was asked to") }
            return value
        }
    }

    private func start(_ services: ServiceGroup, blobs: FileBlobStore) async throws -> MasterProcess {
        let secrets = try settings.secrets ?? ClusterSecrets.loadOrMake(at: settings.folder.secrets)
        let owner = try await LocalUser.findOrMake(in: store.accounts)
        let syntax = try await exporter()
        var url = ""
        var intake: Intake?
        if let access = settings.access {
            // Before anything is made that counts.
            let registry = Telemetry.registry
            await services.addServiceUnlessShutdown(
                MetricsLoop(store: store, blobs: blobs, cluster: board, logger: logger))
            let desks = try await desks(access, syntax: syntax, blobs: blobs)
            intake = Intake(
                uploads: store.uploads, aggregation: store.aggregation, starting: desks.starting,
                packing: desks.packing)
            url = try await startFacade(
                access, registry, secrets: secrets, owner: owner, blobs: blobs, platform: desks, services)
        }
        let master = Master(
            store: store.dispatch, enrolment: store.enrolment, blobs: blobs, syntax: syntax, intake: intake,
            sockets: sockets, election: election, standing: board.standing,
            configuration: try masterConfiguration(url: url), logger: logger)
        await services.addServiceUnlessShutdown(master)
        var endpoints: MasterEndpoints?
        // A worker of this process needs a master of this process.
        if settings.slots > 0 {
            let local = try await master.endpoints
            endpoints = local
            let worker = Worker(
                configuration: workerConfiguration(local.local), sockets: sockets, blobs: { _ in blobs },
                logger: logger)
            await services.addServiceUnlessShutdown(worker)
        } else if try await master.firstRole != .standby {
            endpoints = try await master.endpoints
        }
        let reached = endpoints
        board.endpoints = reached
        // A standby listens when it leads, and at the same ports whenever it does.
        if reached == nil { Task { [board] in board.endpoints = try? await master.endpoints } }
        let access = settings.access.map { access in
            MasterProcess.Access(
                url: url, endpoints: reached.map { $0.network ?? $0.local },
                operatorToken: access.hasOperator ? secrets.operatorToken : nil)
        }
        return MasterProcess(
            gateway: LocalGateway(jobs: store.jobs, blobs: blobs, owner: owner.id), local: reached?.local,
            access: access)
    }

    /// nil for the private database of this process: nobody else can lead it.
    private var election: (any LeaderElection)? {
        switch settings.database {
        case .embedded: nil
        case .external: store.election
        }
    }

    private func exporter() async throws -> any SyntaxExporting {
        if let given = settings.exporter { return try await given.value }
        let exporter = try await settings.python.exporter(folder: settings.folder.syntax)
        // Beside all else that starts.
        Task {
            do {
                try await exporter.warmUp()
            } catch {
                logger.warning("no parser could be started ahead", metadata: ["error": "\(error)"])
            }
        }
        return exporter
    }

    private func desks(
        _ access: MasterSettings.Access, syntax: any SyntaxExporting, blobs: FileBlobStore
    ) async throws -> FacadePorts.Platform {
        let python = settings.python
        let archives = ArchiveDesk(
            in: try await ArchiveSandbox(
                python: python.interpreter, isSandboxed: python.isSandboxed, folder: settings.folder.archives),
            blobs: blobs)
        let scanner = access.scan.usesSemgrep ? SemgrepCommand(folder: settings.folder.scans) : nil
        return FacadePorts.Platform(
            access: store.access, groups: store.groups, uploads: store.uploads, usage: store.usage,
            events: store.events, idempotency: store.idempotency,
            code: CodeDesk(blobs: blobs, syntax: syntax, rules: access.scan.rules, scanner: scanner, logger: logger),
            starting: UploadDesk(
                jobs: store.jobs, uploads: store.uploads, blobs: blobs, syntax: syntax, archives: archives),
            packing: ResultDesk(archives: archives))
    }

    /// Returns the URL of the facade once it listens.
    private func startFacade(
        _ access: MasterSettings.Access, _ registry: PrometheusRegistry, secrets: ClusterSecrets, owner: User,
        blobs: FileBlobStore, platform: FacadePorts.Platform, _ services: ServiceGroup
    ) async throws -> String {
        var configuration = APIConfiguration(secret: secrets.signing)
        configuration.host = access.host
        configuration.port = access.port
        configuration.algorithm = access.algorithm
        configuration.accessTokenLifetime = .seconds(access.accessTokenMinutes * 60)
        configuration.refreshTokenLifetime = .seconds(access.refreshTokenDays * 86_400)
        configuration.allowedOrigins = access.allowedOrigins
        configuration.isBlobPass = { [passes] in passes.admits($0) }
        configuration.linkEndpoints = { [board] in board.networkEndpoints }
        configuration.role = { [board] in board.standing.view }
        configuration.masterSilence = { [board] in board.pulse.silence }
        configuration.cluster = { [board] in board.view }
        configuration.metrics = registry
        configuration.metricsToken = access.metricsToken
        configuration.documentAssets = access.documentAssets
        configuration.maximumConnections = shares.requests
        if access.hasOperator {
            configuration.operatorToken = .init(token: secrets.operatorToken, user: owner)
        }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = await buildApplication(
            configuration,
            FacadePorts(
                accounts: store.accounts, jobs: store.jobs, blobs: blobs, enrolment: store.enrolment,
                platform: platform),
            logger: logger, onServerRunning: { continuation.yield($0) })
        await services.addServiceUnlessShutdown(application)
        for await port in ports {
            let host = access.host.contains(":") ? "[\(access.host)]" : access.host
            return access.blobURL ?? "http://\(host):\(port)"
        }
        throw CancellationError()
    }

    private func masterConfiguration(url: String) throws -> MasterConfiguration {
        // A cluster that only this process uses has no endpoint that others could reach.
        let keys =
            settings.access == nil
            ? nil : try ServerKeyFile.loadOrMake(at: settings.serverKeys ?? settings.folder.serverKeys)
        board.serverKeys = keys.map { [$0.current, $0.next].map(\.publicKey.bytes) } ?? []
        let access = settings.access ?? MasterSettings.Access(workPort: 0)
        func port(_ offset: Int) -> Int { access.workPort == 0 ? 0 : access.workPort + offset }
        let isOnAllAddresses = ["0.0.0.0", "::"].contains(access.host)
        var configuration = MasterConfiguration(
            localFolder: settings.folder.sockets, serverKeys: keys, host: isOnAllAddresses ? "*" : access.host,
            workPort: port(0), resultsPort: port(1), heartbeatsPort: port(2), eventsPort: port(3),
            blobURL: isOnAllAddresses && access.blobURL == nil ? withAnyHost(url) : url, blobPasses: passes,
            blobDirectory: settings.blobFolder)
        configuration.standsBy = settings.standsBy
        configuration.sessions = shares.workers
        configuration.dispatch = DispatchConfiguration(leaseDuration: settings.leaseDuration)
        configuration.pulse = board.pulse
        return configuration
    }

    /// Workers put in the host that they came by.
    private func withAnyHost(_ url: String) -> String { "http://*:\(url.split(separator: ":").last ?? "")" }

    private func workerConfiguration(_ endpoints: LinkEndpoints) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            endpoints: [endpoints.work], name: ProcessInfo.processInfo.hostName,
            slots: settings.slots, memoryBytes: settings.memory, folder: settings.folder.worker)
        configuration.python = settings.python.interpreter
        configuration.isSandboxed = settings.python.isSandboxed
        return configuration
    }
}

/// The user that owns what is submitted without an account: in `run`, and with the operator's token.
enum LocalUser {
    private static let name = "operator"

    static func findOrMake(in accounts: some AccountStore) async throws -> User {
        if let found = try await accounts.credentials(usernameOrEmail: name) { return found.user }
        // No password has this hash, so nobody logs in as this user.
        return try await accounts.createUser(username: name, email: "operator@localhost", passwordHash: "!")
    }
}
