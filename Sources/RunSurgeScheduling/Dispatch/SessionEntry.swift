internal import RunSurgeCore

/// One attached worker.
struct SessionEntry: Sendable {
    let id: SessionID
    let node: NodeID
    let slots: Int
    let memory: Int64
    let pythonVersion: String
    var lastHeard: MonotonicTime
    var held: Set<WorkKey> = []
    var knownRegions: Set<RegionID> = []
    var isUnreachable = false

    // Credit, as of the last Pull
    var sequence: UInt64 = 0
    var freeSlots = 0
    var prefetch = 0
    var freeMemory: Int64 = 0
    /// Assigned since, not named by a Pull yet.
    var inFlight = 0
    var inFlightMemory: Int64 = 0
    /// Taken back while in flight: they use up credit until the next Pull, for the worker may have begun them.
    var burned = 0

    init(_ hello: WorkerHello, now: MonotonicTime) {
        id = hello.session
        node = hello.node
        slots = max(1, hello.slots)
        memory = max(0, hello.memory)
        pythonVersion = hello.pythonVersion
        lastHeard = now
    }

    /// Slots that nothing runs in and nothing is on its way to.
    var slotCredit: Int { isUnreachable ? 0 : max(0, freeSlots - inFlight - burned) }
    /// Chunks that may wait at the worker, beyond those.
    var queueCredit: Int { isUnreachable ? 0 : max(0, freeSlots + prefetch - inFlight - burned) - slotCredit }
    var isHungry: Bool { slotCredit > 0 || queueCredit > 0 }
    /// Bytes that one slot may use while all others are in use as well.
    var memoryShare: Int64 { memory / Int64(slots) }
}
