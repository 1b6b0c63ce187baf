public import RunSurgeCore

/// The dispatcher of a master: which worker runs what, under which lease, and what becomes of the results.
///
/// A value without clock, randomness or I/O. The store is the truth; this is a window of it. Events are handled in
/// batches, and work is dealt once a batch.
public struct DispatchMachine: Sendable {
    public let term: Int64
    let configuration: DispatchConfiguration

    var sessions: [SessionID: SessionEntry] = [:]
    var jobs: [JobID: JobEntry] = [:]
    var regions: [RegionID: RegionEntry] = [:]
    var users: [UserID: UserEntry] = [:]
    /// Regions on their way through the store, with the seconds expected of one chunk.
    var requests: [RegionRequestKey: Double] = [:]

    /// Sessions with credit, users with work that waits: what dealing looks at.
    var hungry: Set<SessionID> = []
    var waitingUsers: Set<UserID> = []
    var liveNodes: [NodeID: Int] = [:]
    var totalSlots = 0
    var largestMemory: Int64 = 0

    var peakModel = PeakModel()
    var cachedBytes: Int64 = 0
    var isAssigning = true
    var lastEvent: MonotonicTime?
    var changedJobs: Set<JobID> = []

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
        absorbStall(now)
        for event in events { apply(event, now: now) }
        settle()
        if isAssigning { deal(now: now) }
        defer { effects = [] }
        return effects
    }

    public mutating func handle(_ event: DispatchEvent, now: MonotonicTime) -> [DispatchEffect] {
        handle(CollectionOfOne(event), now: now)
    }

    private mutating func apply(_ event: DispatchEvent, now: MonotonicTime) {
        switch event {
        case .jobLoaded(let job): load(job, now: now)
        case .jobsCancelled(let ids): for id in ids { cancelJob(id) }
        case .regionOpened(let key, let stored): regionOpened(key, stored, now: now)
        case .regionRefused(let key, let reason): regionRefused(key, reason: reason)
        case .committed(let records): for record in records { committed(record) }
        case .driverCommitted(let token, let session, let verdict): driverCommitted(token, session, verdict)
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
        case .goodbye(let session): detach(session)
        case .unreachable(let session): markUnreachable(session, now: now)
        case .nack(let session, let token): giveBack(token, from: session)
        case .regionRequested(let session, let offer): regionRequested(session, offer)
        case .regionProgress(let session, let driver, let region, let committed, let window):
            regionProgress(session, driver, region, committed: committed, window: window)
        case .regionClosed(let session, let driver, let region, let committed):
            regionClosed(session, driver, region, committed: committed)
        case .results(let session, let results): receive(results, from: session, now: now)
        case .driverEnded(let session, let token, let end): driverEnded(session, token, end, now: now)
        case .tick: sweep(now: now)
        case .stopAssigning: isAssigning = false
        default: break
        }
    }

    /// Sends on what the batch brought, and files the regions that it touched.
    private mutating func settle() {
        for region in touchedRegions {
            pump(region)
            refile(region)
        }
        touchedRegions.removeAll(keepingCapacity: true)
        if !losses.isEmpty {
            effects.append(.recordLosses(losses))
            losses = []
        }
        for (session, verdicts) in verdicts { effects.append(.acknowledge(session, verdicts)) }
        verdicts.removeAll(keepingCapacity: true)
    }

    /// A master that stood still heard no renewals: the silence was its own.
    private mutating func absorbStall(_ now: MonotonicTime) {
        defer { lastEvent = now }
        guard let lastEvent, now - lastEvent > configuration.stallThreshold else { return }
        let silence = now - lastEvent
        for (id, session) in sessions { sessions[id]?.lastHeard = session.lastHeard + silence }
        for id in jobs.keys { changeDriverLease(of: id) { $0.expires = $0.expires + silence } }
        for (id, region) in regions {
            for chunk in region.leases.keys { changeLease(id, chunk) { $0.expires = $0.expires + silence } }
        }
    }

    // MARK: What others may look at

    public var counts: DispatchCounts {
        var counts = DispatchCounts(nodes: liveNodes.count, slots: totalSlots)
        for region in regions.values {
            counts.readyChunks += region.readyCount
            counts.leasedChunks += Int64(region.leases.count)
        }
        for job in jobs.values {
            if case .waiting = job.driver { counts.waitingJobs += 1 } else { counts.runningJobs += 1 }
        }
        return counts
    }

    public var knownJobs: Set<JobID> { Set(jobs.keys) }
    public func specification(of job: JobID) -> JobSpecification? { jobs[job]?.specification }
    public var attachedNodes: Set<NodeID> { Set(liveNodes.keys) }
    public func node(of session: SessionID) -> NodeID? { sessions[session]?.node }
}

/// How much there is to do, and to do it with.
public struct DispatchCounts: Sendable, Equatable {
    public var nodes: Int
    public var slots: Int
    public var readyChunks: Int64 = 0
    public var leasedChunks: Int64 = 0
    public var runningJobs: Int64 = 0
    public var waitingJobs: Int64 = 0
}
