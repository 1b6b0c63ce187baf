internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// Results from when they are known until the master acknowledges them, and log segments on their way.
struct ResultOutbox {
    enum Outcome: Sendable {
        case chunk(ChunkOutcome)
        case driver(WireDriverOutcome)

        /// Bytes that it takes in a message, roughly.
        fileprivate var size: Int {
            switch self {
            case .chunk(let outcome):
                (outcome.effects.inlineCount ?? 256) + outcome.reason.utf8.count + 64
            case .driver(let outcome): outcome.regionsJson.count + outcome.outputs.count * 256 + 1_024
            }
        }
    }

    struct Entry {
        let number: UInt64
        var token: LeaseToken
        let outcome: Outcome
        let size: Int
        var sentAt: MonotonicTime?
    }

    /// More than this unacknowledged, and no further work is wanted.
    static let congestedResults = 20_000
    static let congestedBytes = 128 << 20

    private(set) var entries: [WorkKey: Entry] = [:]
    private var unspooled: [WorkKey] = []
    /// In the spool, and not sent in this session; in order.
    private var waiting: [WorkKey] = []
    private var logs: [WireLogSegment] = []
    private var lastNumber: UInt64 = 0
    private(set) var bytes = 0

    var isCongested: Bool { entries.count > Self.congestedResults || bytes > Self.congestedBytes }
    var hasSomethingToSend: Bool { !waiting.isEmpty || !logs.isEmpty }
    var tokens: [LeaseToken] { entries.values.sorted { $0.number < $1.number }.map(\.token) }

    /// Takes a new result; it is sent once `ready` says that it is in the spool.
    mutating func add(_ outcome: Outcome, _ token: LeaseToken) {
        lastNumber += 1
        let entry = Entry(number: lastNumber, token: token, outcome: outcome, size: outcome.size)
        if let old = entries.updateValue(entry, forKey: token.key) { bytes -= old.size }
        bytes += entry.size
        unspooled.append(token.key)
    }

    mutating func add(_ segment: WireLogSegment) { logs.append(segment) }

    mutating func takeUnspooled() -> [WorkKey] {
        defer { unspooled = [] }
        return unspooled
    }

    mutating func ready(_ keys: [WorkKey]) { waiting += keys }

    /// What the spool is to keep of these: batches as they are sent.
    func records(of keys: [WorkKey]) throws -> [ResultSpool.Record] {
        var records: [ResultSpool.Record] = []
        var rest = keys[...]
        while !rest.isEmpty {
            var batch = WireResultBatch()
            let taken = fill(&batch, from: rest) { _ in true }
            let numbers = rest.prefix(taken).compactMap { entries[$0]?.number }
            rest = rest.dropFirst(taken)
            if !numbers.isEmpty {
                records.append(ResultSpool.Record(numbers: numbers, bytes: try batch.serializedBytes()))
            }
        }
        return records
    }

    /// The lease goes on under a new token.
    mutating func rename(_ token: LeaseToken) { entries[token.key]?.token = token }

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
        let new = Set(unspooled)
        waiting = entries.filter { !new.contains($0.key) }.sorted { $0.value.number < $1.value.number }.map(\.key)
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
        taken = fill(&batch, from: waiting[...], size: size) { entry in
            entry.sentAt == nil || entry.sentAt.map { $0 < now } ?? false
        }
        for key in waiting.prefix(taken) { entries[key]?.sentAt = now }
        waiting.removeFirst(taken)
        return batch.results.isEmpty && batch.runs.isEmpty && batch.logs.isEmpty ? nil : batch
    }

    /// Adds entries as far as the protocol allows; how many of the keys are done with.
    private func fill(
        _ batch: inout WireResultBatch, from keys: ArraySlice<WorkKey>, size: Int = 0, where isWanted: (Entry) -> Bool
    ) -> Int {
        var (size, taken, count) = (size, 0, 0)
        for key in keys {
            guard size < Limits.resultBatchBytes, count < Limits.resultBatchItems else { break }
            if let entry = entries[key], isWanted(entry) {
                if size > 0, size + entry.size > Limits.resultBatchBytes { break }
                size += entry.size
                count += 1
                switch entry.outcome {
                case .chunk(let outcome): batch.append(outcome, token: entry.token)
                case .driver(let outcome):
                    var result = WireResult()
                    result.lease = entry.token.wire
                    result.driver = outcome
                    batch.results.append(result)
                }
            }
            taken += 1
        }
        return taken
    }
}

extension WireResultBatch {
    /// What makes sense of a batch that was read back.
    var readable: [(token: LeaseToken, outcome: ResultOutbox.Outcome)] {
        let plain = runs.flatMap { (try? $0.results) ?? [] }.map { ($0.token, ResultOutbox.Outcome.chunk($0.outcome)) }
        let others = results.compactMap { result -> (LeaseToken, ResultOutbox.Outcome)? in
            guard let token = try? LeaseToken(wire: result.lease) else { return nil }
            switch result.outcome {
            case .chunk(let wire): return (try? ChunkOutcome(wire: wire)).map { (token, .chunk($0)) }
            case .driver(let outcome): return (token, .driver(outcome))
            case nil: return nil
            }
        }
        return plain + others
    }
}

extension Payload {
    fileprivate var inlineCount: Int? { if case .inline(let bytes) = self { bytes.count } else { nil } }
}
