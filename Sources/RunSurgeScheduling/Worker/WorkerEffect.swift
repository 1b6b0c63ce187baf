public import RunSurgeCore

/// What the shell around the worker machine has to do, in this order.
public enum WorkerEffect: Sendable, Equatable {
    // The link
    /// Close the sockets, if any, and open new ones under a fresh session.
    case open
    case hello(held: [LeaseToken])
    case pull(WorkerCredit)
    case reject(LeaseToken, reason: String)
    /// These are being executed: when this worker is lost now, it may have been their fault.
    case started([LeaseToken])
    /// The master will never take this worker.
    case stop(reason: String)
    /// A session begins with all that is unacknowledged being sent again.
    case resend
    // Work
    case startDriver(LeaseToken, slot: Int, memory: Int64)
    /// The driver may compute again.
    case grant(WorkKey)
    /// Start a process for chunks of `job`.
    case startProcess(WorkerProcessID, slot: Int, job: JobID, memory: Int64)
    /// Put a chunk into a process's pipe; its limit is raised to `memory` when lower.
    case run(LeaseToken, on: WorkerProcessID, memory: Int64)
    /// A process without work is not needed any more; nobody waits for its end.
    case endProcess(WorkerProcessID)
    /// Kill it; the slot stays taken until `processEnded`.
    case killProcess(WorkerProcessID)
    /// Kill it; the slot stays taken until `driverEnded`. Its result, if one comes, is not wanted.
    case killDriver(WorkKey)
    /// The process ended while it ran this chunk: report how.
    case fail(WorkKey, on: WorkerProcessID)
    /// The lease is held under a new token from now on.
    case renamed(LeaseToken)
    /// Forget all about these, their results too.
    case forget([WorkKey])
}

/// What a worker could take now. Absolute: it replaces whatever was said before.
public struct WorkerCredit: Sendable, Equatable {
    public let freeSlots: Int
    /// Further chunks that may wait here.
    public let prefetch: Int
    public let freeMemory: Int64
    /// Every lease whose result is not acknowledged: waiting, running, or finished. What the master has assigned
    /// beyond these is still on its way here and counts against the credit.
    public let held: [LeaseToken]
    public let sequence: UInt64
}
