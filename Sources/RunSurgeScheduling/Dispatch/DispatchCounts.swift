/// How much there is to do, and to do it with.
public struct DispatchCounts: Sendable, Equatable {
    public var nodes: Int
    public var slots: Int
    public var readyChunks: Int64 = 0
    public var leasedChunks: Int64 = 0
    public var runningJobs: Int64 = 0
    public var waitingJobs: Int64 = 0
    /// When the oldest lease in force was granted, by the caller's clock.
    public var oldestGrant: MonotonicTime?
    /// Results that the store has accepted, and attempts that ended without one, since the term began.
    public var chunksAccepted: UInt64 = 0
    public var attemptsLost: UInt64 = 0
    /// What waits, by resource class, in a fixed order; only where something does.
    public var queues: [QueueDepth] = []

    public init(nodes: Int, slots: Int) {
        self.nodes = nodes
        self.slots = slots
    }
}

/// What waits for workers of one resource class.
public struct QueueDepth: Sendable, Equatable {
    /// Empty: any.
    public let pythonVersion: String
    /// That the worker must have, ascending.
    public let modules: [String]
    /// Upper bound of the memory step, in bytes; a power of two.
    public let memory: Int64
    public let readyChunks: Int64
    public let waitingDrivers: Int64

    public init(
        pythonVersion: String, modules: [String], memory: Int64, readyChunks: Int64, waitingDrivers: Int64
    ) {
        self.pythonVersion = pythonVersion
        self.modules = modules
        self.memory = memory
        self.readyChunks = readyChunks
        self.waitingDrivers = waitingDrivers
    }
}
