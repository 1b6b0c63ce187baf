internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// Results from when they are known until the master acknowledges them, and log segments on their way.
struct ResultOutbox {
    struct Entry {
        let number: UInt64
        var result: WireResult
        /// Bytes of the encoded result.
        let size: Int
        var sentAt: MonotonicTime?
    }

    /// More than this unacknowledged, and no further work is wanted.
    static let congestedResults = 20_000
    static let congestedBytes = 128 << 20

    private(set) var entries: [WorkKey: Entry] = [:]
    /// Not in the spool yet, or not sent in this session; in order.
    private var waiting: [WorkKey] = []
    private var logs: [WireLogSegment] = []
    private var lastNumber: UInt64 = 0
    private(set) var bytes = 0

    var isCongested: Bool { entries.count > Self.congestedResults || bytes > Self.congestedBytes }
    var hasSomethingToSend: Bool { !waiting.isEmpty || !logs.isEmpty }

    /// Takes a new result and returns its record for the spool; it is sent once `ready` says that it is there.
    mutating func add(_ result: WireResult, for key: WorkKey, encoded: [UInt8]) -> ResultSpool.Record {
        lastNumber += 1
        remember(Entry(number: lastNumber, result: result, size: encoded.count), for: key)
        return ResultSpool.Record(number: lastNumber, bytes: encoded)
    }

    /// Takes a result that the spool has already.
    mutating func recover(_ result: WireResult, for key: WorkKey, record: ResultSpool.Record) {
        lastNumber = max(lastNumber, record.number)
        remember(Entry(number: record.number, result: result, size: record.bytes.count), for: key)
        waiting.append(key)
    }

    mutating func ready(_ keys: [WorkKey]) { waiting += keys }

    private mutating func remember(_ entry: Entry, for key: WorkKey) {
        if let old = entries[key] { bytes -= old.size }
        entries[key] = entry
        bytes += entry.size
    }

    mutating func add(_ segment: WireLogSegment) { logs.append(segment) }

    /// The lease goes on under a new token.
    mutating func rename(_ token: LeaseToken) { entries[token.key]?.result.lease = token.wire }

    /// Returns the numbers for the spool to forget.
    mutating func remove(_ keys: [WorkKey]) -> [UInt64] {
        keys.compactMap { key in
            guard let entry = entries.removeValue(forKey: key) else { return nil }
            bytes -= entry.size
            return entry.number
        }
    }

    /// A new session: everything is sent again.
    mutating func resendAll() {
        logs = []
        waiting = entries.sorted { $0.value.number < $1.value.number }.map(\.key)
    }

    /// What was sent before `time` and is not acknowledged goes again.
    mutating func resend(sentBefore time: MonotonicTime) {
        let late = entries.filter { $0.value.sentAt.map { $0 < time } ?? false }
        guard !late.isEmpty else { return }
        for key in late.keys { entries[key]?.sentAt = nil }
        waiting += late.sorted { $0.value.number < $1.value.number }.map(\.key)
    }

    /// The next batch within the protocol's bounds; nil when there is nothing.
    mutating func nextBatch(session: UInt64, now: MonotonicTime) -> WireResultBatch? {
        var batch = WireResultBatch()
        batch.session = session
        var size = 0
        var taken = 0
        while taken < logs.count, size < Limits.resultBatchBytes, taken < Limits.resultBatchItems {
            size += logs[taken].data.count + 64
            batch.logs.append(logs[taken])
            taken += 1
        }
        logs.removeFirst(taken)
        taken = 0
        while taken < waiting.count, size < Limits.resultBatchBytes, batch.results.count < Limits.resultBatchItems {
            let key = waiting[taken]
            if let entry = entries[key], entry.sentAt == nil || entry.sentAt.map({ $0 < now }) ?? false {
                if size > 0, size + entry.size > Limits.resultBatchBytes { break }
                size += entry.size + 16
                batch.results.append(entry.result)
                entries[key]?.sentAt = now
            }
            taken += 1
        }
        waiting.removeFirst(taken)
        return batch.results.isEmpty && batch.logs.isEmpty ? nil : batch
    }
}
