internal import Logging
internal import RunSurgeCore
internal import RunSurgeScheduling

/// Carries the dispatcher's writes to the store, one batch at a time: what comes while one commits is the next.
///
/// Within a batch leases go before results: no chunk is leased again while a result of it is on its way.
struct StoreLane: Sendable {
    let store: any DispatchStore
    let term: Int64
    let queue: WorkQueue<StoreWrite>
    let persistence: Persistence
    let metrics: MasterMetrics
    let logger: Logger
    /// Hands what the store answered to the dispatcher.
    let report: @Sendable ([DispatchEvent]) async -> Void
    let jobFailed: @Sendable (JobID) async -> Void

    private static let resultsAtOnce = Limits.resultBatchItems
    private static let bytesAtOnce: Int64 = 16 << 20

    /// Ends when the queue does. Throws `StoreError.fenced` when another master has taken over.
    func run() async throws {
        while let writes = await queue.next() {
            var start = writes.startIndex
            while start < writes.endIndex {
                let end = writes[start...].firstIndex { !$0.isBatched } ?? writes.endIndex
                try await writeBatch(writes[start..<end])
                if end < writes.endIndex { try await write(writes[end]) }
                start = end + 1
            }
        }
    }

    // MARK: Batches

    private func writeBatch(_ writes: ArraySlice<StoreWrite>) async throws {
        var leases: [LeaseRecord] = []
        var results: [(result: ChunkResult, session: SessionID)] = []
        var losses: [AttemptLoss] = []
        for write in writes {
            switch write {
            case .leases(let batch): leases += batch
            case .results(let batch, let session): results += batch.map { ($0, session) }
            case .losses(let batch): losses += batch
            case .openRegion, .closeRegion, .releaseDriver, .failJob: break
            }
        }
        if !leases.isEmpty { try await record(leases) }
        try await store(results)
        if !losses.isEmpty { try await record(losses) }
    }

    /// While the dispatcher looks at what was committed, the next part is on its way.
    private func store(_ results: [(result: ChunkResult, session: SessionID)]) async throws {
        var rest = results[...]
        var committed: [ResultVerdictRecord] = []
        while !rest.isEmpty {
            let part = rest.prefix(countAtOnce(rest))
            rest = rest.dropFirst(part.count)
            async let reported: Void = report(committed)
            let start = ContinuousClock.now
            let records = try await accept(part)
            metrics.stored(.results, rows: part.count, since: start)
            metrics.committed(records)
            await reported
            committed = records
        }
        await report(committed)
    }

    private func report(_ records: [ResultVerdictRecord]) async {
        if !records.isEmpty { await report([.committed(records)]) }
    }

    private func countAtOnce(_ results: ArraySlice<(result: ChunkResult, session: SessionID)>) -> Int {
        var bytes: Int64 = 0
        var count = 0
        for (result, _) in results.prefix(Self.resultsAtOnce) {
            if case .inline(let effects) = result.outcome.effects { bytes += Int64(effects.count) }
            if count > 0, bytes > Self.bytesAtOnce { break }
            count += 1
        }
        return count
    }

    /// A result that the store can't hold is found by halving, so that it does not take the others along.
    private func accept(
        _ part: ArraySlice<(result: ChunkResult, session: SessionID)>
    ) async throws -> [ResultVerdictRecord] {
        let results = part.map(\.result)
        do {
            let verdicts = try await persistence.persist("results") { try await store.accept(results, term: term) }
            guard verdicts.count == results.count else {
                throw StoreError.inconsistent("\(verdicts.count) verdicts for \(results.count) results")
            }
            return zip(part, verdicts).map {
                ResultVerdictRecord(result: $0.result, session: $0.session, verdict: $1)
            }
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            guard part.count > 1 else {
                logger.error("a result can't be stored", metadata: ["error": "\(error)"])
                return part.map { ResultVerdictRecord(result: $0.result, session: $0.session, verdict: nil) }
            }
            let half = part.count / 2
            return try await accept(part.prefix(half)) + accept(part.dropFirst(half))
        }
    }

    private func record(_ leases: [LeaseRecord]) async throws {
        let start = ContinuousClock.now
        try await attempt("leases") { try await store.recordLeases(leases, term: term) }
        metrics.stored(.leases, rows: leases.count, since: start)
    }

    private func record(_ losses: [AttemptLoss]) async throws {
        let start = ContinuousClock.now
        try await attempt("losses") { try await store.recordLosses(losses, term: term) }
        metrics.stored(.losses, rows: losses.count, since: start)
    }

    // MARK: Single writes

    private func write(_ write: StoreWrite) async throws {
        switch write {
        case .openRegion(let key, let region): await report([try await open(region, key)])
        case .closeRegion(let id, let committed):
            try await attempt("region") { try await store.closeRegion(id, committed: committed, term: term) }
        case .releaseDriver(let id, let epoch):
            try await attempt("driver") { try await store.releaseDriver(of: id, epoch: epoch, term: term) }
        case .failJob(let id, let reason):
            try await attempt("failure") { try await store.failJob(id, reason: reason, term: term) }
            await jobFailed(id)
        case .leases, .results, .losses: break
        }
    }

    private func open(_ region: NewRegion, _ key: RegionRequestKey) async throws -> DispatchEvent {
        do {
            let stored = try await persistence.persist("region") { try await store.openRegion(region, term: term) }
            return .regionOpened(key, stored)
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            logger.error("a region can't be stored", metadata: ["job": "\(region.job)", "error": "\(error)"])
            return .regionRefused(key, reason: "the region can't be stored")
        }
    }

    /// What is only kept for the record: its loss is logged, being fenced is not survived.
    private func attempt(_ what: StaticString, _ body: () async throws -> Void) async throws {
        do {
            try await persistence.persist(what, body)
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            logger.error("a write was refused", metadata: ["write": "\(what)", "error": "\(error)"])
        }
    }
}
