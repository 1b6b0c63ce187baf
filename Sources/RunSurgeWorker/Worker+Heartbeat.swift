internal import Glibc
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// What the agent tells everybody about itself.
extension Worker {
    func heartbeat() {
        let now = BootClock.now
        guard machine.isAttached, let link, lastHeartbeat.map({ now - $0 >= heartbeatInterval }) ?? true else { return }
        lastHeartbeat = now
        heartbeatSequence += 1
        var beat = WireHeartbeat()
        beat.session = link.session
        beat.nodeID = nodeID
        beat.nodeName = configuration.name
        beat.sentNanoseconds = BootClock.wallNanoseconds
        beat.sequence = heartbeatSequence
        beat.slots = UInt32(configuration.slots)
        beat.busySlots = UInt32(machine.busySlots)
        beat.waitingDrivers = UInt32(machine.waitingDrivers)
        beat.queuedChunks = UInt32(machine.queuedChunks)
        beat.memoryBytes = configuration.memoryBytes
        beat.chunksCompleted = completedChunks
        beat.chunksFailed = failedChunks
        beat.draining = machine.isDraining
        beat.pythonVersion = parts?.launcher.sandbox.interpreter.version ?? ""
        beat.cpuSeconds = Double(endedMicroseconds + liveMicroseconds) / 1e6
        beat.resultsUnacknowledged = UInt64(outbox.entries.count)
        var load: [Double] = [0]
        if getloadavg(&load, 1) == 1 { beat.loadAverage = load[0] }
        let processes = self.processes(now)
        beat.running = processes.filter { $0.jobID != 0 }
        beat.memoryUsedBytes = processes.reduce(0) { $0 + $1.residentBytes }
        do {
            try link.publish(beat)
        } catch {
            logger.debug("a heartbeat is not sent", metadata: ["error": "\(error)"])
        }
        markAttached(true)
    }

    /// What each script process does; without a job those that wait for work.
    private func processes(_ now: MonotonicTime) -> [WireRunning] {
        let drivers = driverRuns.values.map { run -> WireRunning in
            let resident = run.python?.process.residentBytes ?? 0
            run.residence.add(resident)
            return WireRunning.with { running in
                running.jobID = run.key.job.rawValue
                running.runningMilliseconds = (now - run.startedAt).milliseconds
                running.residentBytes = resident
            }
        }
        let chunks = chunkRuns.values.map { run in
            WireRunning.with { running in
                running.residentBytes = run.python?.process.residentBytes ?? 0
                guard let first = run.sent.first else { return }
                running.jobID = run.job.rawValue
                running.regionID = first.region.rawValue
                running.chunkIndex = first.key.chunk
                running.runningMilliseconds = run.busySince.map { (now - $0).milliseconds } ?? 0
            }
        }
        return drivers + chunks
    }

    /// User and system time of the script processes that run.
    private var liveMicroseconds: Int64 {
        let drivers = driverRuns.values.reduce(0) { $0 + ($1.python?.process.cpuMicroseconds ?? 0) }
        return chunkRuns.values.reduce(drivers) { $0 + ($1.python?.process.cpuMicroseconds ?? 0) }
    }

    /// Whoever watches this host without speaking RSP looks at the file's time.
    func markAttached(_ isAttached: Bool) {
        let path = configuration.folder + "/attached"
        if isAttached {
            try? TextFile.write("\(nodeID)\n", to: path, creating: true)
        } else {
            unlink(path)
        }
    }
}

extension Duration {
    /// Rounded down.
    fileprivate var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
