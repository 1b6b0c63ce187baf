public import RunSurgeCore

/// What the worker machine reacts to.
public enum WorkerEvent: Sendable {
    // The link
    /// The sockets of a new session are open.
    case opened(session: UInt64)
    case welcomed(term: Int64, lease: Duration, keep: [LeaseToken], cancel: [LeaseToken])
    case refused(reason: String, retry: Bool)
    /// Any message of the master; `term` when it names one.
    case heard(term: Int64?)
    case assigned([WorkUnit])
    case cancelled([LeaseToken])
    /// The master has these results, or wants them no more.
    case settled([LeaseToken])
    /// Results found in the spool of an earlier agent.
    case recovered([LeaseToken])
    /// Results wait in such numbers that no more work should come, or no longer do.
    case congested(Bool)
    /// The worker is to end: nothing new is taken, what waits is given back, what runs may finish.
    case draining
    /// The worker takes work again.
    case resumed
    // Processes
    /// A process wrote the result of a chunk; `seconds` of its own clock.
    case finished(WorkKey, seconds: Double)
    /// A warm process is gone, for whatever reason.
    case processEnded(WorkerProcessID)
    /// A driver has asked for a region and computes nothing until it is granted a slot again.
    case driverWaits(WorkKey)
    case driverWantsSlot(WorkKey)
    /// A driver's processes are gone and its result is on its way.
    case driverEnded(WorkKey)
    /// Time has passed.
    case tick
}

/// One thing to execute.
public struct WorkUnit: Sendable, Equatable {
    public let token: LeaseToken
    /// Limit in bytes of the process that runs it; 0: an equal share of the worker's memory.
    public let memory: Int64

    public init(token: LeaseToken, memory: Int64) {
        self.token = token
        self.memory = memory
    }
}

/// A chunk process of this agent; never used twice.
public struct WorkerProcessID: Hashable, Sendable, CustomStringConvertible {
    public let value: UInt64

    public init(value: UInt64) { self.value = value }
    public var description: String { "p\(value)" }
}
