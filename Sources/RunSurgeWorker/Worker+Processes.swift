internal import Glibc
internal import RunSurgeCore
internal import RunSurgeScheduling

/// Python processes, whatever they are for.
extension Worker {
    /// A folder for a process that is about to be.
    func newFolder() async throws -> (id: UInt64, folder: RunFolder) {
        lastProcessID += 1
        let id = lastProcessID
        let folder = RunFolder(path: "\(configuration.folder)/runs/\(id)")
        try await BlockingWork.run { try folder.make() }
        return (id, folder)
    }

    func takeFrames(_ id: UInt64, _ frames: [Frame]) {
        switch owners[id] {
        case .chunks(let process): takeChunkFrames(process, frames)
        case .driver(let key): takeDriverFrames(key, frames)
        // They have nothing to say.
        case .spare, .warm, nil: return
        }
    }

    func framesEnded(_ id: UInt64, _ error: FrameError?) {
        if let error { logger.warning("a process's pipe is misused", metadata: ["error": "\(error)"]) }
        switch owners[id] {
        case .chunks(let process): chunkRuns[process].map { chunkFramesEnded($0, error) }
        case .driver(let key): driverRuns[key].map { driverFramesEnded($0, error) }
        case .spare, .warm, nil: return
        }
    }

    func processEnded(_ id: UInt64, _ end: ProcessEnd) {
        endedMicroseconds += end.cpuMicroseconds
        switch owners[id] {
        case .chunks(let process): chunkRuns[process].map { chunkProcessEnded($0, end) }
        case .driver(let key): driverRuns[key].map { driverProcessEnded($0, end) }
        case .spare: if let spare = spares.remove(id) { discard(spare) }
        case .warm(let job): warmProcessEnded(id, of: job)
        case nil: return
        }
    }

    func outputChanged(_ id: UInt64) {
        if case .driver(let key) = owners[id], let run = driverRuns[key] { shipLogs(of: run) }
    }

    /// After its end: lets go of pipes and files.
    func discard(_ python: PythonProcess) {
        owners[python.id] = nil
        python.standardOutput.finish()
        python.standardError.finish()
        let folder = python.folder
        Task { try? await BlockingWork.run { folder.remove() } }
    }

    /// Writes what this turn has produced for the chunk processes.
    func writeOutgoing() {
        for run in chunkRuns.values where !run.outgoing.isEmpty {
            run.python?.channel.send(run.outgoing.map(\.frame))
            run.outgoing = []
        }
    }

    /// How a process that ended without being asked to is reported.
    func describe(_ end: ProcessEnd, limit: Int64) -> (status: OutcomeStatus, reason: String) {
        if end.ranOutOfMemory {
            return (.outOfMemory, "it needed more than its \(limit) bytes of memory (peak \(end.peakBytes))")
        }
        guard end.status > 128, let name = strsignal(end.status - 128) else {
            return (.crashed, "its process ended with status \(end.status)")
        }
        return (.crashed, "its process was ended by signal \(end.status - 128) (\(String(cString: name)))")
    }
}
