internal import CoreMetrics
internal import RunSurgeCore
internal import RunSurgeScheduling

/// What the master counts while it works. Everything is counted by batches: a chunk costs nothing.
final class MasterMetrics: Sendable {
    private let assigned: Counter
    private let verdicts: (accepted: Counter, duplicate: Counter, stale: Counter)
    private let losses: (expired: Counter, crashed: Counter, outOfMemory: Counter, fault: Counter)
    private let ended: (completed: Counter, failed: Counter, cancelled: Counter)
    private let heartbeats: Counter
    private let stores: [StoredKind: (seconds: Timer, rows: Recorder)]

    /// What a write to the store is about.
    enum StoredKind: String, CaseIterable {
        case results, leases, losses, region, driver, failure, logs, outcome, nodes
    }

    init(_ factory: any MetricsFactory) {
        func counter(_ name: MetricName, _ label: String? = nil, _ value: String = "") -> Counter {
            Counter(label: name.rawValue, dimensions: label.map { [($0, value)] } ?? [], factory: factory)
        }
        assigned = counter(.unitsAssigned)
        verdicts = (
            counter(.results, "verdict", "accepted"), counter(.results, "verdict", "duplicate"),
            counter(.results, "verdict", "stale")
        )
        losses = (
            counter(.attemptsLost, "cause", "expired"), counter(.attemptsLost, "cause", "crashed"),
            counter(.attemptsLost, "cause", "out_of_memory"), counter(.attemptsLost, "cause", "fault")
        )
        ended = (
            counter(.jobsEnded, "state", "completed"), counter(.jobsEnded, "state", "failed"),
            counter(.jobsEnded, "state", "cancelled")
        )
        heartbeats = counter(.heartbeats)
        var stores: [StoredKind: (seconds: Timer, rows: Recorder)] = [:]
        for kind in StoredKind.allCases {
            let dimensions = [("write", kind.rawValue)]
            stores[kind] = (
                Timer(label: MetricName.storeCommit.rawValue, dimensions: dimensions, factory: factory),
                Recorder(
                    label: MetricName.storeRows.rawValue, dimensions: dimensions, aggregate: true, factory: factory)
            )
        }
        self.stores = stores
    }

    func observe(_ effect: DispatchEffect) {
        switch effect {
        case .recordLeases(let leases): assigned.increment(by: leases.count)
        case .recordLosses(let lost): count(lost)
        case .failJob: ended.failed.increment()
        default: break
        }
    }

    private func count(_ lost: [AttemptLoss]) {
        for loss in lost {
            switch loss.cause {
            case .lost: losses.expired.increment()
            case .crashed: losses.crashed.increment()
            case .outOfMemory: losses.outOfMemory.increment()
            case .fault: losses.fault.increment()
            }
        }
    }

    func committed(_ records: [ResultVerdictRecord]) {
        var (accepted, duplicate, stale) = (0, 0, 0)
        for record in records {
            switch record.verdict {
            case .accepted: accepted += 1
            case .duplicate: duplicate += 1
            case .stale, nil: stale += 1
            }
        }
        if accepted > 0 { verdicts.accepted.increment(by: accepted) }
        if duplicate > 0 { verdicts.duplicate.increment(by: duplicate) }
        if stale > 0 { verdicts.stale.increment(by: stale) }
    }

    func jobCompleted() { ended.completed.increment() }
    func jobsCancelled(_ count: Int) { ended.cancelled.increment(by: count) }
    func heard(_ count: Int) { heartbeats.increment(by: count) }

    /// A write of `rows` that was begun at `start` has been committed.
    func stored(_ kind: StoredKind, rows: Int, since start: ContinuousClock.Instant) {
        guard let store = stores[kind] else { return }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        store.seconds.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        store.rows.record(rows)
    }
}
