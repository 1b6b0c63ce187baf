internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// Chunk processes: started warm, fed ahead, read in turn.
extension Worker {
    /// A spare gets its own copy of the inputs, which pays for few bytes only.
    private static let spareInputBytes: Int64 = 16 << 20

    func startChunkRun(_ id: WorkerProcessID, job: JobID, memory: Int64) {
        let run = ChunkRun(id: id, job: job, memory: memory)
        chunkRuns[id] = run
        Task { await launch(run) }
    }

    private func launch(_ run: ChunkRun) async {
        do {
            guard let record = jobs[run.job], let parts else { throw WorkerError.setup("the job is unknown") }
            let plan = try await plan(of: record)
            let python = try await process(for: run, record, parts)
            run.python = python
            if run.isEnding { return python.process.kill() }
            let shown = ShownPaths(job: record.description, folder: python.folder, sandbox: parts.launcher.sandbox)
            python.channel.send(
                StartFrame(job: record.description, shown: shown, slots: configuration.slots).chunk(
                    plan: plan, memory: run.memory))
            run.isReady = true
            pump(run)
            writeOutgoing()
            // It may have ended before it was ours to notice.
            finishIfEnded(run)
        } catch {
            run.fault = "its process could not be started: \(error)"
            logger.error("a chunk process could not be started", metadata: ["error": "\(error)"])
            remove(run)
        }
    }

    private func process(for run: ChunkRun, _ record: JobRecord, _ parts: Parts) async throws -> PythonProcess {
        let job = record.description
        if !run.isEnding, let warm = takeWarm(of: record, memory: run.memory, owner: .chunks(run.id)) { return warm }
        if job.filesInside.reduce(0, { $0 + $1.blob.size }) <= Self.spareInputBytes, !run.isEnding,
            let spare = takeSpare(for: job, memory: run.memory, owner: .chunks(run.id))
        {
            run.python = spare
            try await StagedFiles(root: spare.folder.work, cache: parts.cache).place(
                job.filesInside, without: job.workingDirectory, mayLink: false)
            return spare
        }
        return try await startChunkProcess(of: record, memory: run.memory, owner: .chunks(run.id), parts)
    }

    /// An interpreter that sees the job's files, and does not know its job yet.
    func startChunkProcess(
        of record: JobRecord, memory: Int64, owner: ProcessOwner, _ parts: Parts
    ) async throws -> PythonProcess {
        let job = record.description
        try await record.tree.stageOutside()
        try await record.tree.stageInside()
        let (id, folder) = try await newFolder()
        owners[id] = owner
        if let input = job.standardInput { try await parts.cache.lend(input, to: folder) }
        let sandbox = parts.launcher.sandbox
        let outside = MountPlan(
            root: record.tree.root, workingDirectory: job.workingDirectory, systemPaths: sandbox.systemPaths)
        let inside = Mount.readOnly(record.tree.root + job.workingDirectory, at: job.workingDirectory)
        return try await parts.launcher.launch(
            PythonLauncher.Request(
                id: id, folder: folder, mounts: outside.mounts(for: job.filesOutside) + [inside],
                environment: Sandbox.environment(hashSeed: job.hashSeed, adding: job.environment),
                memory: memory, input: nil))
    }

    /// Queues a chunk for the process.
    func run(_ token: LeaseToken, on id: WorkerProcessID, memory: Int64) {
        guard let run = chunkRuns[id], let chunk = chunks[token.key] else { return }
        if memory > run.memory {
            run.memory = memory
            run.python?.process.raiseLimit(to: memory)
            if run.isReady { run.outgoing.append(.frame(Frame(["t": .string("limit"), "memory": .integer(memory)]))) }
        }
        run.unsent.append(chunk)
        pump(run)
    }

    /// Writes chunks whose region is loaded; loads the region of the first one that is not.
    private func pump(_ run: ChunkRun) {
        guard run.isReady, !run.isLoading, !run.isEnding else { return }
        var taken = 0
        while taken < run.unsent.count, run.loaded.contains(run.unsent[taken].region) {
            let chunk = run.unsent[taken]
            run.sent.append(chunk)
            run.command(chunk)
            taken += 1
        }
        run.unsent.removeFirst(taken)
        if taken > 0, run.busySince == nil { run.busySince = BootClock.now }
        guard let next = run.unsent.first else { return }
        run.isLoading = true
        Task { await load(next.region, into: run) }
    }

    private func load(_ id: RegionID, into run: ChunkRun) async {
        do {
            guard let region = regions[id], let python = run.python, let parts else {
                throw WorkerError.setup("the region is unknown")
            }
            regions[id]?.lastUse = BootClock.now
            let environment = try await bytes(of: region.environment, cache: parts.cache)
            let shown = parts.launcher.sandbox.isOn ? RunFolder.shownBlobs : python.folder.blobs
            var paths: [String: JSONValue] = [:]
            for blob in region.blobs {
                try await parts.cache.lend(blob, to: python.folder)
                paths[blob.sha256] = .string("\(shown)/\(blob.sha256)")
            }
            // It may have been replaced meanwhile.
            guard run.python?.id == python.id else { return }
            let head: [String: JSONValue] = [
                "t": .string("region"), "region": .integer(id.rawValue), "node": .integer(region.node),
                "source": region.source, "modes": region.modes, "blobs": .object(paths),
            ]
            run.outgoing.append(.frame(Frame(head, body: environment)))
            run.loaded.insert(id)
            run.isLoading = false
            pump(run)
            writeOutgoing()
        } catch {
            run.fault = "the region could not be loaded: \(error)"
            logger.error("a region could not be loaded", metadata: ["region": "\(id)", "error": "\(error)"])
            run.python?.process.kill()
        }
    }

    func bytes(of payload: Payload, cache: BlobCache) async throws -> [UInt8] {
        switch payload {
        case .inline(let bytes): bytes
        case .blob(let blob): try await cache.bytes(of: blob, limit: Int64(Frame.bodyLimit))
        }
    }

    // MARK: Results

    func takeChunkFrames(_ id: WorkerProcessID, _ frames: [Frame]) {
        guard let run = chunkRuns[id] else { return }
        let former = run.sent.first?.key
        for frame in frames {
            switch frame.kind {
            case "results": takeResults(frame, of: run)
            case "result": takeResult(frame, of: run)
            case "piece": takePiece(frame, of: run)
            case "record": takeSuspect(frame, of: run)
            default: continue
            }
        }
        if run.sent.first?.key != former { run.busySince = run.sent.isEmpty ? nil : BootClock.now }
        run.python?.channel.consumed(bytes: frames.reduce(0) { $0 + $1.weight })
    }

    /// Those of many chunks that were over at once.
    private func takeResults(_ frame: Frame, of run: ChunkRun) {
        guard let results = ResultsFrame(frame) else { return }
        var finished: [WorkerEvent] = []
        for outcome in results.outcomes {
            guard let position = run.position(of: outcome.index, in: results.region) else { continue }
            let chunk = run.sent.remove(at: position)
            // In pieces it is over with a result of its own.
            guard run.pieces[chunk.key] == nil, let event = deliver(outcome, for: chunk.key) else { continue }
            finished.append(event)
        }
        feed(finished)
    }

    private func takeResult(_ frame: Frame, of run: ChunkRun) {
        guard let position = run.position(of: frame) else { return }
        let chunk = run.sent[position]
        var outcome = ChunkOutcome(frame: frame, index: chunk.key.chunk, asked: chunk.range)
        if outcome.status == .outOfMemory {
            // The process is about to end.
            run.replacement = .outOfMemory
            return
        }
        run.sent.remove(at: position)
        var effects = frame.body
        if var pieces = run.pieces.removeValue(forKey: chunk.key) {
            outcome = pieces.joined(with: outcome, frame.body)
            effects = outcome.status == .completed ? pieces.effects : []
            if pieces.isOverLimit { (outcome, effects) = (tooMuch(chunk), []) }
        }
        conclude(outcome, effects: effects, for: chunk.key)
    }

    /// The chunk is over.
    func conclude(_ outcome: ChunkOutcome, effects: [UInt8], for key: WorkKey) {
        if effects.count > Limits.inlineResultBytes, machine.token(of: key) != nil {
            Task { await store(outcome, effects: effects, for: key) }
            feed(note(outcome, for: key))
        } else if let event = deliver(outcome, for: key) {
            feed(event)
        }
    }

    /// Sends an outcome whose effects are few. What the machine is to know of it; nil when nobody wants it any more.
    private func deliver(_ outcome: ChunkOutcome, for key: WorkKey) -> WorkerEvent? {
        guard let token = machine.token(of: key) else { return nil }
        enqueue(.chunk(outcome), token)
        return note(outcome, for: key)
    }

    private func note(_ outcome: ChunkOutcome, for key: WorkKey) -> WorkerEvent {
        if outcome.status.isConclusive { completedChunks += 1 } else { failedChunks += 1 }
        return .finished(key, seconds: Double(outcome.wallMicroseconds) / 1e6)
    }

    /// Large effects go ahead as a blob.
    private func store(_ outcome: ChunkOutcome, effects: [UInt8], for key: WorkKey) async {
        do {
            guard let parts else { return }
            let isWanted = { @Sendable [self] in await self.machine.token(of: key) != nil }
            let blob = try await parts.cache.withStore(while: isWanted) { try await $0.put(effects) }
            report(outcome.replacing(effects: .blob(blob)), for: key)
        } catch {
            report(.failure(.fault, index: outcome.index, range: outcome.range, reason: "\(error)"), for: key)
        }
        await flush()
    }

    private func report(_ outcome: ChunkOutcome, for key: WorkKey) {
        guard let token = machine.token(of: key) else { return }
        enqueue(.chunk(outcome), token)
    }

    /// The chunk that a process was at when it ended.
    func fail(_ key: WorkKey, on id: WorkerProcessID) {
        guard let chunk = chunks[key] else { return }
        failedChunks += 1
        let run = chunkRuns[id]
        var (status, reason) = (OutcomeStatus.fault, run?.fault ?? "its process is gone")
        if run?.fault == nil, let end = run?.end {
            (status, reason) = describe(end, limit: run?.memory ?? 0)
            if status == .crashed, let place = run?.place(of: key) { reason += ", at \(place)" }
        }
        report(
            .failure(
                status, index: key.chunk, range: chunk.range, reason: reason, peakBytes: run?.end?.peakBytes ?? 0),
            for: key)
    }

    // MARK: The end

    func endChunkRun(_ id: WorkerProcessID) {
        guard let run = chunkRuns[id] else { return }
        run.isEnding = true
        guard let python = run.python else { return }
        python.channel.finishSending()
        Task {
            try? await Task.sleep(for: .seconds(2))
            python.process.kill()
        }
    }

    func killChunkRun(_ id: WorkerProcessID) {
        guard let run = chunkRuns[id] else { return feed(.processEnded(id)) }
        run.isEnding = true
        run.python?.process.kill()
    }

    func chunkFramesEnded(_ run: ChunkRun, _ error: FrameError?) {
        run.framesHaveEnded = true
        if let error { run.fault = error.description }
        // Without its pipe it is of no use.
        run.python?.process.kill()
        finishIfEnded(run)
    }

    func chunkProcessEnded(_ run: ChunkRun, _ end: ProcessEnd) {
        run.end = end
        finishIfEnded(run)
    }

    private func finishIfEnded(_ run: ChunkRun) {
        guard let end = run.end, run.framesHaveEnded, run.python != nil else { return }
        if goesOn(run, after: end) { Task { await launch(run) } } else { remove(run) }
    }

    private func remove(_ run: ChunkRun) {
        guard chunkRuns[run.id] != nil else { return }
        feed(.processEnded(run.id))
        chunkRuns[run.id] = nil
        guard let python = run.python else { return }
        python.process.kill()
        discard(python)
    }
}
