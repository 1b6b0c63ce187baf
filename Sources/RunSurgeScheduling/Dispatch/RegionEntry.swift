internal import RunSurgeCore

/// One region that is not closed: its chunks are waiting, leased or done; ranges, not a million entries.
struct RegionEntry: Sendable {
    let region: Region
    /// What the driver asked that it was the answer to; nil when that was a former master's to know.
    var request: RegionRequestKey?
    /// Chunks that count: cut short when one of them ends the loop.
    private(set) var count: Int64
    var ready: IndexRanges
    var done: IndexRanges
    var leases = ChunkTable<Lease>()
    /// Of chunks that were leased before and are not now.
    var epochs: [Int64: Int64]
    /// Chunks that were lost or given back, in their own queue: they go elsewhere, or want more memory.
    var retries: [Retry] = []
    /// Of chunks that were lost by what may be their own fault.
    var losses: [Int64: LossHistory] = [:]
    /// Chunks that were given up, whose outcome is on its way to the store: it can't be read back from there yet.
    var unstored: Set<Int64> = []
    /// As what it is filed in its owner's queues.
    var filings: [Filing] = []
    /// The part of the predicted peak that is the interpreter's own.
    let plannedBase: Int64
    /// Of one chunk, moving towards what is measured.
    var meanSeconds: Double
    var stream = ResultStream()

    struct Retry: Sendable {
        let chunk: Int64
        let memory: Int64
        let avoided: Set<NodeID>
        /// It may have been the reason of a loss: it goes alone into a free slot, where the next one can be told for sure.
        let isSuspect: Bool
    }

    struct LossHistory: Sendable {
        var count = 0
        var nodes: Set<NodeID> = []
        /// Attempts whose end is known: who still names one has not heard yet that its report has come.
        var ended: Set<LeaseToken> = []
        /// Bytes that it is known to need, after running out of less.
        var memory: Int64 = 0
    }

    struct Filing: Sendable, Equatable {
        let key: QueueKey
        var chunks: Int64
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

    var readyCount: Int64 { ready.count + Int64(retries.count) }

    /// Where it belongs: once for each memory step in which something of it waits.
    func filings(under traits: Int) -> [Filing] {
        var filings: [Filing] = []
        if !ready.isEmpty {
            filings.append(Filing(key: QueueKey(traits: traits, memory: region.predictedPeak), chunks: ready.count))
        }
        for retry in retries {
            let key = QueueKey(traits: traits, memory: retry.memory)
            if let position = filings.firstIndex(where: { $0.key == key }) {
                filings[position].chunks += 1
            } else {
                filings.append(Filing(key: key, chunks: 1))
            }
        }
        return filings
    }

    /// Makes a chunk wait that nothing is held against, or that has to prove itself again.
    mutating func putBack(_ chunk: Int64, avoiding avoided: Set<NodeID> = []) {
        let history = losses[chunk]
        if history == nil, avoided.isEmpty {
            ready.insert(chunk)
            return
        }
        retries.append(
            Retry(
                chunk: chunk, memory: max(region.predictedPeak, history?.memory ?? 0),
                avoided: avoided.union(history?.nodes ?? []), isSuspect: (history?.count ?? 0) > 0))
    }

    /// Forgets every chunk after `chunk`, whose outcome ends the loop; the leases among them.
    mutating func truncate(after chunk: Int64) -> [Lease] {
        guard chunk + 1 < count else { return [] }
        count = chunk + 1
        ready.removeAll(from: count)
        retries.removeAll { $0.chunk >= count }
        let dropped = leases.filter { $0.key >= count && !$0.value.isCommitting }
        for (key, _) in dropped { leases[key] = nil }
        return dropped.map(\.value)
    }

    /// The chunk is done: it does not wait, and what was held against it is of no interest.
    mutating func forgetAttempts(at chunk: Int64) {
        _ = takeReady(chunk)
        // Looking for nothing in nothing costs something, for each of a million chunks.
        if !epochs.isEmpty { epochs[chunk] = nil }
        if !losses.isEmpty { losses[chunk] = nil }
    }

    /// The number of a chunk's next lease.
    mutating func takeEpoch(of chunk: Int64) -> Int64 {
        epochs.isEmpty ? 1 : (epochs.removeValue(forKey: chunk) ?? 0) + 1
    }

    /// A chunk about to be leased: the number of the lease, and its units.
    mutating func lend(_ chunk: Int64) -> (epoch: Int64, units: Range<Int64>) {
        (takeEpoch(of: chunk), region.ranges[chunk])
    }

    /// Takes a chunk out of what waits; false when it does not wait.
    mutating func takeReady(_ chunk: Int64) -> Bool {
        if ready.remove(chunk) { return true }
        guard let position = retries.firstIndex(where: { $0.chunk == chunk }) else { return false }
        retries.remove(at: position)
        return true
    }
}
