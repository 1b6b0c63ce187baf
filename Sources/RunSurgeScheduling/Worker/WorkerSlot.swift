internal import RunSurgeCore

/// The right to let one process compute at a time.
struct WorkerSlot {
    /// Computes here now.
    var driver: WorkKey?
    var process: WarmProcess?
    /// Killed, and not gone yet; with the memory that they still have.
    var dying: [WorkerProcessID: Int64] = [:]

    var isFree: Bool { driver == nil && dying.isEmpty && (process?.pipe.isEmpty ?? true) }
    var pipeCount: Int { process?.pipe.count ?? 0 }
    /// Bytes promised to chunk processes that compute, or have not ended quite.
    var processMemory: Int64 { dying.values.reduce(pipeCount > 0 ? process?.memory ?? 0 : 0, +) }
}

/// A process that keeps a job's definitions and environments loaded.
struct WarmProcess {
    let id: WorkerProcessID
    let job: JobID
    var memory: Int64
    /// Chunks written to it whose results have not come; the first one runs.
    var pipe: [WorkKey] = []
    /// Since when the first one runs, and whether the master was told.
    var headSince: MonotonicTime
    var isHeadReported = false
    var idleSince: MonotonicTime

    /// Another chunk is the first one now.
    mutating func begin(_ now: MonotonicTime) {
        headSince = now
        isHeadReported = false
    }
}
