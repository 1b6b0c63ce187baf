internal import RunSurgeCore

/// One region that is not closed: its chunks are waiting, leased or done; ranges, not a million entries.
struct RegionEntry: Sendable {
    let region: Region
    /// Chunks that count: cut short when one of them ends the loop.
    private(set) var count: Int64
    var ready: IndexRanges
    var done: IndexRanges
    var leases: [Int64: Lease] = [:]
    /// Of chunks that were leased before and are not now.
    var epochs: [Int64: Int64]
    /// Chunks that were lost, in their own queue: they go elsewhere, or want more memory.
    var retries: [Retry] = []
    var losses: [Int64: Int] = [:]
    /// The nodes on which a chunk was lost.
    var lostOn: [Int64: Set<NodeID>] = [:]
    /// The part of the predicted peak that is the interpreter's own.
    let plannedBase: Int64
    /// Of one chunk, moving towards what is measured.
    var meanSeconds: Double
    var stream = ResultStream()

    struct Retry: Sendable {
        let chunk: Int64
        let memory: Int64
        let avoided: Set<NodeID>
    }

    init(_ stored: StoredRegion, expectedSeconds: Double, plannedBase: Int64) {
        region = stored.region
        count = stored.region.ranges.count
        done = IndexRanges(ascending: stored.completed)
        ready = done.complement(in: 0..<count)
        epochs = stored.epochs
        for index in stored.completed { epochs[index] = nil }
        meanSeconds = expectedSeconds
        self.plannedBase = plannedBase
    }

    var hasReady: Bool { !ready.isEmpty || !retries.isEmpty }
    var readyCount: Int64 { ready.count + Int64(retries.count) }
    var isComplete: Bool { done.endOfRun(from: 0) >= count }

    /// Forgets every chunk after `chunk`, whose outcome ends the loop; the leases among them.
    mutating func truncate(after chunk: Int64) -> [Lease] {
        guard chunk + 1 < count else { return [] }
        count = chunk + 1
        ready.removeAll(from: count)
        retries.removeAll { $0.chunk >= count }
        let dropped = leases.filter { $0.key >= count && !$0.value.isCommitting }
        for key in dropped.keys { leases[key] = nil }
        return Array(dropped.values)
    }

    /// Takes a chunk out of what waits; false when it does not wait.
    mutating func takeReady(_ chunk: Int64) -> Bool {
        if ready.remove(chunk) { return true }
        guard let position = retries.firstIndex(where: { $0.chunk == chunk }) else { return false }
        retries.remove(at: position)
        return true
    }
}
