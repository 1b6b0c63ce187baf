internal import RunSurgeCore
internal import RunSurgeScheduling

/// Interpreters that were started before their job was known.
struct SparePool {
    /// What a job must have for them: the defaults of a submission over REST.
    static let workingDirectory = "/job"
    static let hashSeed: UInt32 = 0

    private var ready: [PythonProcess] = []
    var starting = 0
    var lastFailure: MonotonicTime?

    var count: Int { ready.count + starting }

    mutating func add(_ spare: PythonProcess) { ready.append(spare) }
    mutating func take() -> PythonProcess? { ready.isEmpty ? nil : ready.removeFirst() }

    mutating func remove(_ id: UInt64) -> PythonProcess? {
        ready.firstIndex { $0.id == id }.map { ready.remove(at: $0) }
    }

    func killAll() { for spare in ready { spare.process.kill() } }
}

extension Worker {
    func keepSpares() {
        guard let parts, parts.launcher.sandbox.isOn, machine.isAttached, shutdownBegan == nil else { return }
        if let failure = spares.lastFailure, BootClock.now - failure < .seconds(10) { return }
        while spares.count < configuration.spares {
            spares.starting += 1
            Task { await startSpare(parts) }
        }
    }

    private func startSpare(_ parts: Parts) async {
        defer { spares.starting -= 1 }
        do {
            let (id, folder) = try await newFolder()
            let request = PythonLauncher.Request(
                id: id, folder: folder, mounts: [.writable(folder.work, at: SparePool.workingDirectory)],
                environment: Sandbox.environment(hashSeed: SparePool.hashSeed),
                memory: configuration.memoryBytes / Int64(configuration.slots), input: nil)
            owners[id] = .spare
            let spare = try await parts.launcher.launch(request)
            guard shutdownBegan == nil, !spare.process.hasEnded else { return spare.process.kill() }
            spare.channel.send(Frame(["t": .string("start"), "role": .string("spare")]))
            spares.add(spare)
        } catch {
            spares.lastFailure = BootClock.now
            logger.warning("no spare interpreter could be started", metadata: ["error": "\(error)"])
        }
    }

    /// A spare for this job, now its own; nil when there is none that suits.
    func takeSpare(for job: JobDescription, memory: Int64, owner: ProcessOwner) -> PythonProcess? {
        guard job.suitsSpare, let spare = spares.take() else { return nil }
        owners[spare.id] = owner
        spare.process.setLimit(to: memory)
        // A tiny job would share its processor with the start of the next spare: it is over by then.
        Task {
            try await Task.sleep(for: Self.spareDelay)
            keepSpares()
        }
        return spare
    }

    private static let spareDelay = Duration.milliseconds(50)
}
