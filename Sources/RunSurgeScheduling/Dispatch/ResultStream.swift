internal import RunSurgeCore

/// A region's results on their way to its driver, in order, inside the window that it opened.
struct ResultStream: Sendable {
    /// The driver that listens; nil while none does.
    var driver: LeaseToken?
    /// The next chunk to send.
    var next: Int64 = 0
    var window: Int64 = Limits.regionWindowBytes
    /// Sent, not committed by the driver yet.
    private var sent: [(chunk: Int64, bytes: Int64)] = []
    private var sentHead = 0
    private(set) var sentBytes: Int64 = 0
    /// Accepted, not sent: what is missing here is read back from the store.
    private var cache = ChunkTable<ChunkOutcome>()
    private(set) var cachedBytes: Int64 = 0
    var isFetching = false
    /// How far the driver said last that it is.
    var reported: Int64?

    /// Begins anew with everything from `chunk` on.
    mutating func restart(from chunk: Int64) {
        next = chunk
        reported = nil
        sent = []
        sentHead = 0
        sentBytes = 0
    }

    mutating func committed(before chunk: Int64) {
        while sentHead < sent.count, sent[sentHead].chunk < chunk {
            sentBytes -= sent[sentHead].bytes
            sentHead += 1
        }
        if sentHead > 256, sentHead * 2 > sent.count {
            sent.removeFirst(sentHead)
            sentHead = 0
        }
        if next < chunk { next = chunk }
    }

    /// - Returns: bytes that it takes now, beyond what it took.
    mutating func store(_ outcome: ChunkOutcome) -> Int64 {
        guard cache.updateValue(outcome, forKey: outcome.index) else { return 0 }
        cachedBytes += outcome.weight
        return outcome.weight
    }

    /// Takes the next outcome when it is here and the window lets it pass. One always may.
    mutating func take() -> ChunkOutcome? {
        guard let weight = cache[next]?.weight, sentBytes == 0 || sentBytes + weight <= window,
            let outcome = cache.removeValue(forKey: next)
        else { return nil }
        cachedBytes -= outcome.weight
        sent.append((next, outcome.weight))
        sentBytes += outcome.weight
        next += 1
        return outcome
    }

    var isNextCached: Bool { cache.contains(next) }
    var isWindowOpen: Bool { sentBytes == 0 || sentBytes < window }

    mutating func dropCache() {
        cache = ChunkTable()
        cachedBytes = 0
    }
}

extension ChunkOutcome {
    /// Bytes that it takes at the driver, a blob's included.
    var weight: Int64 {
        switch effects {
        case .inline(let bytes): Int64(bytes.count) + 256
        case .blob(let blob): blob.size + 256
        }
    }
}

extension ChunkOutcome: ChangedInPlace {}
