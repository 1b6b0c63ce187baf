internal import RunSurgeCore

/// One attached worker.
struct SessionEntry: Sendable {
    let id: SessionID
    let node: NodeID
    let slots: Int
    let memory: Int64
    let pythonVersion: String
    /// Number of its `WorkerClass`.
    let kind: Int
    var lastHeard: MonotonicTime
    /// What it holds, with the time of the grant by the caller's clock.
    var held: [WorkKey: MonotonicTime] = [:]
    var grants = GrantLog()
    var knownRegions: Set<RegionID> = []
    var isUnreachable = false
    /// It was not heard of within the timeout.
    var isSilent = false
    var isDraining = false
    /// Since when it is in its state, by the caller's clock.
    var since: MonotonicTime

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

    init(_ hello: WorkerHello, kind: Int, heard: MonotonicTime, now: MonotonicTime) {
        id = hello.session
        node = hello.node
        slots = max(1, hello.slots)
        memory = max(0, hello.memory)
        pythonVersion = hello.pythonVersion
        self.kind = kind
        lastHeard = heard
        since = now
    }

    mutating func grant(_ key: WorkKey, memory: Int64, at time: MonotonicTime) {
        held[key] = time
        grants.add(key, time)
        inFlight += 1
        inFlightMemory += memory
    }

    /// Takes a lease off the account.
    /// - Returns: whether the credit may have changed; nil when it was not held.
    mutating func release(_ lease: Lease, burning: Bool) -> Bool? {
        guard held.removeValue(forKey: lease.token.key) != nil else { return nil }
        grants.trim(held)
        guard !lease.isSeen else { return false }
        inFlight -= 1
        inFlightMemory -= lease.memory
        if burning { burned += 1 }
        return true
    }

    /// A Pull has named leases that were in flight.
    mutating func see(_ count: Int, memory: Int64) {
        inFlight -= count
        inFlightMemory -= memory
    }

    /// Its place among those with credit, and whether it has any.
    mutating func hunger() -> (rank: SessionRank, isHungry: Bool) { (rank, isHungry) }

    /// Whether it may be given work.
    var isOpen: Bool { !isUnreachable && !isSilent && !isDraining }
    /// Slots that nothing runs in and nothing is on its way to.
    var slotCredit: Int { isOpen ? max(0, freeSlots - inFlight - burned) : 0 }
    /// Chunks that may wait at the worker, beyond those.
    var queueCredit: Int { isOpen ? max(0, freeSlots + prefetch - inFlight - burned) - slotCredit : 0 }
    var isHungry: Bool { slotCredit > 0 || queueCredit > 0 }
    /// Bytes that one slot may use while all others are in use as well.
    var memoryShare: Int64 { memory / Int64(slots) }
    /// Bytes that a process in a free slot may be given at most.
    var slotReach: Int64 { max(memoryShare, freeMemory - inFlightMemory) }
    var rank: SessionRank { SessionRank(memory: memory, id: id) }

    var state: NodeStatus.State {
        if isSilent { return .dead }
        if isUnreachable { return .unreachable }
        return isDraining ? .draining : .attached
    }
}

/// Order of dealing: the smallest first, for what fits them leaves the larger ones for what fits nowhere else.
struct SessionRank: Hashable, Comparable, Sendable {
    let memory: Int64
    let id: SessionID

    static func < (left: Self, right: Self) -> Bool { (left.memory, left.id) < (right.memory, right.id) }
}
