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
        beat.resultsUnacknowledged = UInt64(outbox.entries.count)
        var load: [Double] = [0]
        if getloadavg(&load, 1) == 1 { beat.loadAverage = load[0] }
        beat.running = running(now)
        beat.memoryUsedBytes = beat.running.reduce(0) { $0 + $1.residentBytes }
        do {
            try link.publish(beat)
        } catch {
            logger.debug("a heartbeat is not sent", metadata: ["error": "\(error)"])
        }
        markAttached(true)
    }

    private func running(_ now: MonotonicTime) -> [WireRunning] {
        let drivers = driverRuns.values.map { run in
            WireRunning.with { running in
                running.jobID = run.key.job.rawValue
                running.runningMilliseconds = (now - run.startedAt).components.seconds * 1_000
                running.residentBytes = run.python?.process.residentBytes ?? 0
            }
        }
        let chunks = chunkRuns.values.map { run in
            WireRunning.with { running in
                running.jobID = run.job.rawValue
                if let first = run.sent.min(by: { $0.key.chunk < $1.key.chunk }) {
                    running.regionID = first.region.rawValue
                    running.chunkIndex = first.key.chunk
                }
                running.residentBytes = run.python?.process.residentBytes ?? 0
            }
        }
        return drivers + chunks
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
