internal import Glibc
public import Logging
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
public import ServiceLifecycle
public import ZeroMQ

/// The agent of one host: takes work from the master, runs it in sandboxed Python, sends back what came of it.
///
/// All decisions are `WorkerMachine`'s; this actor feeds it and does what it says. SIGPIPE is ignored in the whole
/// process from `run` on, for a script may end at any moment.
public actor Worker: Service {
    nonisolated let configuration: WorkerConfiguration
    nonisolated let sockets: SocketThread
    nonisolated let openBlobStore: BlobStoreFactory
    nonisolated let logger: Logger
    nonisolated let events = EventQueue<AgentEvent>()

    var machine: WorkerMachine
    var parts: Parts?
    var endpoints: EndpointRing
    var link: WorkLink?
    var serverKeys: ServerKeyRing
    var listeners: [Task<Void, Never>] = []
    var nodeID: Int64 = 0
    /// Of the master that welcomed this agent last.
    var term: Int64 = 0
    var heartbeatInterval: Duration = .seconds(1)
    var lastHeartbeat: MonotonicTime?
    var heartbeatSequence: UInt64 = 0
    var completedChunks: UInt64 = 0
    /// Attempts that gave no result that counts.
    var failedChunks: UInt64 = 0
    /// Of script processes that have ended.
    var endedMicroseconds: Int64 = 0
    var refusal: String?
    var shutdownBegan: MonotonicTime?

    var jobs: [JobID: JobRecord] = [:]
    var regions: [RegionID: RegionRecord] = [:]
    var chunks: [WorkKey: ChunkRun.Chunk] = [:]
    var driverWork: [WorkKey: WireDriverWork] = [:]
    var chunkRuns: [WorkerProcessID: ChunkRun] = [:]
    var driverRuns: [WorkKey: DriverRun] = [:]
    var owners: [UInt64: ProcessOwner] = [:]
    var spares = SparePool()
    var lastProcessID: UInt64 = 0

    var outbox = ResultOutbox()
    var isFlushing = false
    var isCongested = false
    /// When the spool could not be written last; nil: it can.
    var spoolFailure: MonotonicTime?
    var isShortOfDisk = false

    /// What is made when the worker starts to run.
    struct Parts: Sendable {
        let launcher: PythonLauncher
        let cache: BlobCache
        let spool: ResultSpool
        let lock: FileDescriptorBox
    }

    /// What a process is for.
    enum ProcessOwner {
        case spare
        case warm(JobID)
        case chunks(WorkerProcessID)
        case driver(WorkKey)
    }

    /// - Parameter blobs: opens the store for the blobs of a session; called at every Welcome.
    public init(
        configuration: WorkerConfiguration, sockets: SocketThread, blobs: @escaping BlobStoreFactory, logger: Logger
    ) {
        self.configuration = configuration
        self.sockets = sockets
        openBlobStore = blobs
        serverKeys = ServerKeyRing(configuration.keys?.serverKeys ?? [])
        self.logger = logger
        endpoints = EndpointRing(configuration.endpoints)
        machine = WorkerMachine(settings: Self.settings(configuration), seed: .random(in: 0 ... .max))
    }

    private static func settings(_ configuration: WorkerConfiguration) -> WorkerSettings {
        var settings = WorkerSettings(slots: configuration.slots, memoryBytes: configuration.memoryBytes)
        if configuration.endpoints.count > 1 {
            // A master says something every second. Somebody else may lead by now: better to look soon.
            settings.silenceLimit = .seconds(4)
            settings.greetingAttempts = 3
            settings.backoff.longest = .seconds(2)
        }
        return settings
    }

    /// Runs until graceful shutdown, cancellation, or a refusal for good.
    /// - Throws: `WorkerError`
    public func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let parts = try await BlockingWork.run { [configuration, events] in
            try Parts.make(configuration: configuration, events: events)
        }
        self.parts = parts
        try await recoverResults(parts)
        defer { endEverything() }
        let events = events
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await Self.tick(events) }
                    await consume()
                    group.cancelAll()
                }
            } onCancel: {
                events.finish()
            }
        } onGracefulShutdown: {
            events.post(.shutdown)
        }
        await close()
        if let refusal { throw WorkerError.refused(refusal) }
    }

    private static func tick(_ events: EventQueue<AgentEvent>) async {
        while !Task.isCancelled {
            events.post(.tick)
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func consume() async {
        while let batch = await events.nextBatch() {
            for event in batch { await take(event) }
            writeOutgoing()
            await flush()
            if isOver { return }
        }
    }

    private func take(_ event: AgentEvent) async {
        switch event {
        case .frames(let id, let frames): takeFrames(id, frames)
        case .framesEnded(let id, let error): framesEnded(id, error)
        case .processEnded(let id, let end): processEnded(id, end)
        case .outputChanged(let id): outputChanged(id)
        case .master(let session, let message): if session == link?.session { await takeMessage(message) }
        case .beacon(let session, let beacon):
            guard session == link?.session else { return }
            if beacon.term > term { endpoints.stay() }
            feed(.heard(term: beacon.term))
        case .tick: await tick()
        case .shutdown:
            shutdownBegan = shutdownBegan ?? BootClock.now
            feed(.draining)
        }
    }

    /// Gives the machine an event and does what it says.
    func feed(_ event: WorkerEvent) {
        for effect in machine.handle(event, now: BootClock.now) { carryOut(effect) }
    }

    /// Several at once: the machine looks once at what follows from them.
    func feed(_ events: [WorkerEvent]) {
        guard !events.isEmpty else { return }
        for effect in machine.handle(events, now: BootClock.now) { carryOut(effect) }
    }

    private func tick() async {
        lookAtDisk()
        feed(.tick)
        heartbeat()
        resendLate()
        await probeSpool()
        tidyJobs()
        keepSpares()
    }

    /// The master wants us no more, or all is done, or there is no more time.
    private var isOver: Bool {
        if refusal != nil { return true }
        guard let shutdownBegan else { return false }
        return machine.isEmpty || BootClock.now - shutdownBegan > configuration.drainPeriod
    }

    private func close() async {
        try? link?.send(.goodbye(.with { $0.reason = shutdownBegan == nil ? "ended" : "shut down" }))
        markAttached(false)
        for listener in listeners { listener.cancel() }
        // A closed socket drops what libzmq has not written yet. Not this task's sleep: it may be cancelled.
        await Task { try? await Task.sleep(for: Self.farewell) }.value
        await link?.close()
        link = nil
    }

    private static let farewell = Duration.milliseconds(50)

    private func endEverything() {
        for run in chunkRuns.values { run.python?.process.kill() }
        for run in driverRuns.values { run.python?.process.kill() }
        spares.killAll()
        // With it goes the lock on the folder.
        parts = nil
    }
}

extension Worker.Parts {
    /// Blocks: takes the folder, finds the interpreter, tries the sandbox.
    fileprivate static func make(
        configuration: WorkerConfiguration, events: EventQueue<AgentEvent>
    ) throws -> Worker.Parts {
        let folder = configuration.folder
        try FileTree.makeFolder(folder, mode: 0o700)
        let lock = FileDescriptorBox(try FileDescriptor.open(folder + "/lock", O_RDWR | O_CREAT, mode: 0o600))
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
            throw WorkerError.setup("Another worker uses \(folder): give each worker a folder of its own.")
        }
        for leftover in ["jobs", "runs"] { FileTree.remove("\(folder)/\(leftover)") }
        let interpreter = try Interpreter.resolve(configuration.python)
        var sandbox = try Sandbox.prepare(
            isOn: configuration.isSandboxed, interpreter: interpreter, folder: folder,
            mayUseGroups: configuration.mayUseGroups)
        sandbox.limits.fileBytes = UInt(configuration.outputBytes)
        let launcher = PythonLauncher(
            sandbox: sandbox, frames: try Reactor(name: "rs-frames"), streams: try Reactor(name: "rs-streams"),
            events: events, load: try PythonSources.compiledLoad(in: sandbox), streamLimit: configuration.outputBytes)
        return Worker.Parts(
            launcher: launcher, cache: try BlobCache(folder: folder + "/cache", limit: configuration.cacheBytes),
            spool: try ResultSpool(folder: folder + "/spool"), lock: lock)
    }
}
