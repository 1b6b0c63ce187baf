internal import RunSurgeCore

/// The dispatcher of a master: which worker runs what, under which lease, and what becomes of the results.
///
/// A value without clock, randomness or I/O. The store is the truth; this is a window of it. Events are handled in
/// batches, and work is dealt once a batch. The same events give the same effects, in any process.
public struct DispatchMachine: Sendable {
    public let term: Int64
    let configuration: DispatchConfiguration

    var sessions = EntryTable<SessionID, SessionEntry>()
    var jobs = EntryTable<JobID, JobEntry>()
    var regions = EntryTable<RegionID, RegionEntry>()
    var users = EntryTable<UserID, UserEntry>()
    /// Regions on their way through the store, with the seconds expected of one chunk.
    var requests: [RegionRequestKey: Double] = [:]

    // What dealing looks at
    /// Sessions with credit.
    var hungry = SortedArray<SessionRank>()
    /// Those whose credit has changed since the last deal: the others found nothing then.
    var changedSessions: Set<SessionID> = []
    /// Something waits that did not at the last deal, or may go where it could not.
    var isRedealDue = false
    /// A driver waits for a slot, and chunks that would queue at workers wait for that.
    var isQueueHeldBack = false
    /// Users with work that waits.
    var turns = SortedArray<UserTurn>()
    /// The least usage of whoever waited last: nobody starts below it.
    var levelUsage = 0.0
    var queueTotals: [QueueKey: QueueTotals] = [:]
    var totalReady: Int64 = 0

    // The cluster
    var nodes: [NodeID: Set<SessionID>] = [:]
    var totalSlots = 0
    var workerTraits = InternTable<WorkerClass.Traits>()
    var workerClasses: [Int: WorkerClass] = [:]
    var workTraits = InternTable<WorkTraits>()
    /// By number of the work's traits; forgotten when a worker comes or goes.
    var placements: [Int: Placement] = [:]

    var calendar = ExpiryCalendar()
    var lastLease: UInt64 = 0
    var peakModel = PeakModel()
    var cachedBytes: Int64 = 0
    var chunksAccepted: UInt64 = 0
    var attemptsLost: UInt64 = 0
    var isAssigning = true
    var changedJobs: Set<JobID> = []

    /// By the caller's clock.
    var realTime = MonotonicTime(nanoseconds: 0)
    /// The same without the master's own stalls: what leases are measured by.
    var leaseTime = MonotonicTime(nanoseconds: 0)
    private var lastEvent: MonotonicTime?
    /// How long the master itself stood still: leases and silences are measured without it.
    private var stalled = Duration.zero

    // Gathered while one batch is handled
    var effects: [DispatchEffect] = []
    var losses: [AttemptLoss] = []
    var touchedRegions: Set<RegionID> = []
    var verdicts: [SessionID: [TokenVerdict]] = [:]

    public init(term: Int64, configuration: DispatchConfiguration = DispatchConfiguration()) {
        self.term = term
        self.configuration = configuration
    }

    /// Handles the events in order, then deals what waits to whoever has credit.
    public mutating func handle(_ events: some Sequence<DispatchEvent>, now: MonotonicTime) -> [DispatchEffect] {
        let time = absorbStall(now)
        for event in events { apply(event, now: time) }
        settle()
        if isAssigning { deal(now: time) }
        defer { effects = [] }
        return effects
    }

    public mutating func handle(_ event: DispatchEvent, now: MonotonicTime) -> [DispatchEffect] {
        handle(CollectionOfOne(event), now: now)
    }

    private mutating func apply(_ event: DispatchEvent, now: MonotonicTime) {
        switch event {
        case .jobLoaded(let job): load(job, now: now)
        case .jobsCancelled(let ids): for id in ids.sorted() { cancelJob(id, now: now) }
        case .regionOpened(let key, let stored): regionOpened(key, stored, now: now)
        case .regionRefused(let key, let reason): regionRefused(key, reason: reason)
        case .committed(let records): for record in records { committed(record) }
        case .driverCommitted(let token, let session, let verdict):
            driverCommitted(token, session, verdict, now: now)
        case .resultsFetched(let region, let from, let outcomes): resultsFetched(region, from: from, outcomes)
        case .fetchFailed(let region):
            regions[region]?.stream.isFetching = false
            touchedRegions.insert(region)
        default: applyWorker(event, now: now)
        }
    }

    private mutating func applyWorker(_ event: DispatchEvent, now: MonotonicTime) {
        switch event {
        case .hello(let hello): attach(hello, now: now)
        case .pull(let session, let pull): renew(session, pull, now: now)
        case .heard(let session): hear(session, now: now)
        case .goodbye(let session): detach(session, as: .left)
        case .unreachable(let session): markUnreachable(session, now: now)
        case .nack(let session, let token): giveBack(token, from: session)
        case .started(let session, let tokens): begin(tokens, by: session)
        case .regionRequested(let session, let offer): regionRequested(session, offer)
        case .regionProgress(let session, let driver, let region, let committed, let window):
            regionProgress(session, driver, region, committed: committed, window: window)
        case .regionClosed(let session, let driver, let region, let committed):
            regionClosed(session, driver, region, committed: committed)
        case .results(let session, let results): receive(results, from: session, now: now)
        case .driverEnded(let session, let token, let end): driverEnded(session, token, end, now: now)
        default: applyOwn(event, now: now)
        }
    }

    private mutating func applyOwn(_ event: DispatchEvent, now: MonotonicTime) {
        switch event {
        case .drain(let session, let reason): drain(session, reason: reason)
        case .revoked(let node): revoke(node)
        case .tick: sweep(now: now)
        case .stopAssigning: isAssigning = false
        default: break
        }
    }

    /// Sends on what the batch brought, and files the regions that it touched.
    private mutating func settle() {
        for region in touchedRegions.sorted() {
            pump(region)
            refile(region)
        }
        touchedRegions.removeAll(keepingCapacity: true)
        if !losses.isEmpty {
            attemptsLost += UInt64(losses.count)
            effects.append(.recordLosses(losses))
            losses = []
        }
        for session in verdicts.keys.sorted() {
            effects.append(.acknowledge(session, verdicts[session] ?? []))
        }
        verdicts.removeAll(keepingCapacity: true)
    }

    /// A master that stood still heard no renewals: the silence was its own.
    /// - Returns: the time that leases are measured by.
    private mutating func absorbStall(_ now: MonotonicTime) -> MonotonicTime {
        if let lastEvent, now - lastEvent > configuration.stallThreshold { stalled += now - lastEvent }
        lastEvent = now
        realTime = now
        leaseTime = MonotonicTime(nanoseconds: now.nanoseconds - stalled.wholeNanoseconds)
        return leaseTime
    }
}
