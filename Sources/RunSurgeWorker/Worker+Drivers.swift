internal import Glibc
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// Drivers: the script itself, from its first line to its outputs.
extension Worker {
    func startDriver(_ token: LeaseToken, memory: Int64) {
        guard let work = driverWork[token.key] else { return feed(.driverEnded(token.key)) }
        let run = DriverRun(key: token.key, memory: memory, work: work, now: BootClock.now)
        driverRuns[token.key] = run
        Task { await drive(run) }
    }

    private func drive(_ run: DriverRun) async {
        var outcome: WireDriverOutcome?
        do {
            outcome = try await outcomeOfScript(run)
        } catch {
            logger.error("a driver could not be run", metadata: ["job": "\(run.key.job)", "error": "\(error)"])
            outcome = fault("\(error)", of: run)
        }
        if let outcome, !run.isUnwanted, let token = machine.token(of: run.key) {
            enqueue(.driver(outcome), token)
        }
        if let python = run.python {
            python.process.kill()
            discard(python)
        }
        driverRuns[run.key] = nil
        coolDown(run.key.job)
        feed(.driverEnded(run.key))
        await flush()
    }

    /// Runs the script to its end; nil when nobody wants to know any more.
    private func outcomeOfScript(_ run: DriverRun) async throws -> WireDriverOutcome? {
        guard let job = jobs[run.key.job], let parts else { throw WorkerError.setup("the job is unknown") }
        let plan = try await plan(of: job)
        let (python, work) = try await process(for: run, job, plan: plan, parts)
        run.python = python
        guard !run.isUnwanted else { return nil }
        warmUp(job, plan: plan, mayBeSplit: !run.work.noSplit)
        let shown = ShownPaths(job: job.description, folder: python.folder, sandbox: parts.launcher.sandbox)
        python.channel.send(
            StartFrame(job: job.description, shown: shown, slots: configuration.slots).driver(run.work, plan: plan))
        if !run.hasEnded { await withCheckedContinuation { run.completion = $0 } }
        python.standardOutput.finish()
        python.standardError.finish()
        await run.chain?.value
        guard !run.isUnwanted, let end = run.end else { return nil }
        lookAtDisk()
        if let fault = run.fault ?? overLimit(python) ?? withoutRoom(run) { return self.fault(fault, of: run) }
        if end.wasKilledFromOutside, !end.ranOutOfMemory { return ended(.crashed, "its sandbox was killed", run, end) }
        return try await collect(run, work, end, parts)
    }

    private func overLimit(_ python: PythonProcess) -> String? {
        guard python.standardOutput.isOverLimit || python.standardError.isOverLimit else { return nil }
        return "The script wrote more than \(configuration.outputBytes) bytes to one of its streams."
    }

    private func withoutRoom(_ run: DriverRun) -> String? {
        run.hasSeenFullDisk ? "The worker's disk was full while the script ran." : nil
    }

    private func process(
        for run: DriverRun, _ record: JobRecord, plan: [UInt8], _ parts: Parts
    ) async throws -> (PythonProcess, WorkFolder) {
        let job = record.description
        if let spare = takeSpare(for: job, memory: run.memory, owner: .driver(run.key)) {
            run.python = spare
            var work = WorkFolder(path: spare.folder.work, job: job, mountsLarge: false)
            try await work.fill(from: parts.cache)
            // Files as young as the script's own are taken for its own, and then not read by path in chunks.
            if job.filesInside.count > 1 { try await Task.sleep(for: .milliseconds(15)) }
            return (spare, work)
        }
        try await record.tree.stageOutside()
        let sandbox = parts.launcher.sandbox
        let mountsLarge = sandbox.isOn && !PlanSummary(plan).mayWriteInputs
        let (id, folder) = try await newFolder()
        var work = WorkFolder(path: folder.work, job: job, mountsLarge: mountsLarge)
        if !work.mounted.isEmpty { try await record.tree.stageInside() }
        try await work.fill(from: parts.cache)
        owners[id] = .driver(run.key)
        let outside = MountPlan(
            root: record.tree.root, workingDirectory: job.workingDirectory, systemPaths: sandbox.systemPaths)
        let request = PythonLauncher.Request(
            id: id, folder: folder, mounts: outside.mounts(for: job.filesOutside) + work.mounts(from: record.tree),
            environment: Sandbox.environment(hashSeed: job.hashSeed, adding: job.environment), memory: run.memory,
            input: nil)
        guard let input = job.standardInput else { return (try await parts.launcher.launch(request), work) }
        try await parts.cache.lend(input, to: folder)
        let python = try await parts.launcher.launch(request.reading("\(folder.blobs)/\(input.sha256)"))
        return (python, work)
    }

    /// What the script left behind, now that its processes are gone.
    private func collect(
        _ run: DriverRun, _ work: WorkFolder, _ end: ProcessEnd, _ parts: Parts
    ) async throws -> WireDriverOutcome {
        guard let python = run.python else { return fault("its process is gone", of: run) }
        if end.ranOutOfMemory {
            let (_, reason) = describe(end, limit: run.memory)
            let place = run.fallback.isEmpty ? "" : " while it ran on by itself, because \(run.fallback)"
            return ended(.outOfMemory, reason + place, run, end)
        }
        await shipRemainingLogs(of: run)
        let (cache, output, error) = (parts.cache, python.standardOutput.path, python.standardError.path)
        var outcome = ended(.completed, "", run, end)
        let key = run.key
        let isWanted = { @Sendable [self] in await !self.isUnwanted(key) }
        async let storedError = cache.withStore(while: isWanted) { try await $0.put(fileAt: error) }
        outcome.standardOutput = try await cache.withStore(while: isWanted) { try await $0.put(fileAt: output) }.wire
        outcome.standardError = try await storedError.wire
        let limit = OutputLimit(files: configuration.outputFiles, bytes: configuration.outputBytes)
        do {
            let changes = try await BlockingWork.run { try work.changes(limit: limit) }
            outcome.outputs = try await cache.withStore(while: isWanted) { try await changes.stored(in: $0) }
                .map(\.wire)
            outcome.deleted = changes.deleted
        } catch let exceeded as OutputLimit.Exceeded {
            outcome.status = .fault
            outcome.reason = exceeded.description
        }
        return outcome
    }

    private func ended(
        _ status: OutcomeStatus, _ reason: String, _ run: DriverRun, _ end: ProcessEnd?
    ) -> WireDriverOutcome {
        var outcome = WireDriverOutcome()
        outcome.status = status.wire
        outcome.reason = reason
        outcome.exitStatus = end?.status ?? 0
        outcome.regionsJson = .init(run.regionsJSON)
        outcome.missingInputs = run.missingInputs
        outcome.wallMicroseconds = (BootClock.now - run.startedAt).microseconds
        outcome.cpuMicroseconds = run.cpuMicroseconds
        outcome.peakBytes = run.peakBytes > 0 ? run.peakBytes : end?.peakBytes ?? 0
        outcome.activeMicroseconds = end?.cpuMicroseconds ?? 0
        outcome.averageBytes = run.residence.average ?? end?.peakBytes ?? 0
        return outcome
    }

    private func fault(_ reason: String, of run: DriverRun) -> WireDriverOutcome {
        ended(.fault, reason, run, run.end)
    }

    // MARK: The end

    func driverFramesEnded(_ run: DriverRun, _ error: FrameError?) {
        run.framesHaveEnded = true
        if let error {
            run.fault = "The script disturbed RunSurge's own pipe: \(error)"
            run.python?.process.kill()
        }
        finishIfEnded(run)
    }

    func driverProcessEnded(_ run: DriverRun, _ end: ProcessEnd) {
        run.end = end
        finishIfEnded(run)
    }

    private func finishIfEnded(_ run: DriverRun) {
        guard run.hasEnded else { return }
        run.completion.take()?.resume()
    }

    private func isUnwanted(_ key: WorkKey) -> Bool { driverRuns[key]?.isUnwanted ?? true }

    /// Asks the script to end, and a moment later ends it.
    func killDriver(_ key: WorkKey) {
        guard let run = driverRuns[key] else { return feed(.driverEnded(key)) }
        run.isUnwanted = true
        guard let process = run.python?.process else { return }
        process.terminate()
        Task {
            try? await Task.sleep(for: .seconds(1))
            process.kill()
        }
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
