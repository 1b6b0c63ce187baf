import RunSurgeCore

/// The store port in memory, by the same rules, with failures on demand.
actor MemoryDispatchStore: DispatchStore {
    struct Unavailable: Error {}
    struct RegionRecord {
        let region: Region
        var results: [Int64: ChunkOutcome] = [:]
        var tokens: [Int64: LeaseToken] = [:]
        var epochs: [Int64: Int64] = [:]
        var isClosed = false
    }

    private(set) var term: Int64 = 0
    private(set) var jobs: [JobID: Job] = [:]
    private(set) var regionRecords: [RegionID: RegionRecord] = [:]
    private(set) var losses: [AttemptLoss] = []
    private(set) var logs: [JobID: [LogStream: [UInt8]]] = [:]
    private(set) var nodes: [String: NodeID] = [:]
    /// Commits that attached nodes.
    private(set) var attachments = 0
    private(set) var deadNodes: Set<NodeID> = []
    private(set) var nodeLog: [NodeLogEntry] = []
    private var drainedNodes: Set<NodeID> = []
    private var finished: [JobID: LeaseToken] = [:]
    private var waiters: [CheckedContinuation<Void, Never>] = []
    /// Somebody was to be woken while nobody waited.
    private var isWakeUpDue = false
    /// While true every call throws, as of a database that is being restarted.
    private var isAway = false

    // MARK: For tests

    func submit(_ specification: JobSpecification, owner: UserID = UserID(1)) -> JobID {
        let id = JobID(Int64(jobs.count + 1))
        jobs[id] = Job(
            id: id, owner: owner, specification: specification, state: .submitted,
            createdAt: Timestamp(microseconds: 0), startedAt: nil, finishedAt: nil, plan: nil, outcome: nil,
            failure: nil, driverEpoch: 0)
        wake()
        return id
    }

    func cancel(_ id: JobID) {
        change(id, state: .cancelled)
        wake()
    }

    func setDraining(_ nodes: Set<NodeID>) {
        drainedNodes = nodes
        wake()
    }

    func setAway(_ isAway: Bool) { self.isAway = isAway }
    func supersede() { term += 1 }
    func job(_ id: JobID) -> Job? { jobs[id] }

    // MARK: The port

    func beginTerm() throws -> Int64 {
        try check(nil)
        term += 1
        return term
    }

    func submittedJobs(excluding known: Set<JobID>, limit: Int) throws -> [Job] {
        try check(nil)
        return Array(sorted.filter { $0.state == .submitted && !known.contains($0.id) }.prefix(limit))
    }

    func storePlan(_ plan: [UInt8], job: JobID, term: Int64) throws {
        try check(term)
        guard jobs[job]?.state == .submitted else { return }
        change(job, state: .pendingSchedule, plan: plan)
    }

    func failJob(_ id: JobID, reason: String, term: Int64) throws {
        try check(term)
        guard jobs[id]?.state.isFinal == false else { return }
        change(id, state: .failed, failure: reason)
    }

    func waitForWork(within: Duration) async throws {
        try check(nil)
        if isWakeUpDue {
            isWakeUpDue = false
            return
        }
        let timer = Task {
            try? await Task.sleep(for: within)
            wake()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiters.append($0) }
        } onCancel: {
            Task { await self.wake() }
        }
        timer.cancel()
    }

    func unfinishedJobs(excluding known: Set<JobID>, limit: Int) throws -> [Job] {
        try check(nil)
        let wanted = sorted.filter { [.pendingSchedule, .running].contains($0.state) && !known.contains($0.id) }
        return Array(wanted.prefix(limit))
    }

    func cancelledJobs(among known: Set<JobID>) throws -> Set<JobID> {
        try check(nil)
        return known.filter { jobs[$0]?.state == .cancelled }
    }

    func regions(of job: JobID) throws -> [StoredRegion] {
        try check(nil)
        return regionRecords.values.filter { $0.region.job == job }.map(stored).sorted { $0.region.id < $1.region.id }
    }

    func openRegion(_ new: NewRegion, term: Int64) throws -> StoredRegion {
        try check(term)
        let known = regionRecords.values.first {
            let region = $0.region
            return region.job == new.job && region.node == new.node && region.entry == new.entry
                && region.digest == new.digest
        }
        if let known {
            regionRecords[known.region.id]?.isClosed = false
            return stored(regionRecords[known.region.id] ?? known)
        }
        let id = RegionID(Int64(regionRecords.count + 1))
        let record = RegionRecord(
            region: Region(
                id: id, job: new.job, node: new.node, line: new.line, entry: new.entry, digest: new.digest,
                sourceJSON: new.sourceJSON, modesJSON: new.modesJSON, environment: new.environment, blobs: new.blobs,
                ranges: new.ranges, prefixRecords: new.prefixRecords, predictedPeak: new.predictedPeak))
        regionRecords[id] = record
        return stored(record)
    }

    func recordLeases(_ leases: [LeaseRecord], term: Int64) throws {
        try check(term)
        for lease in leases {
            let key = lease.token.key
            if let region = key.region {
                let former = regionRecords[region]?.epochs[key.chunk] ?? 0
                regionRecords[region]?.epochs[key.chunk] = max(former, lease.token.epoch)
            } else if let job = jobs[key.job], !job.state.isFinal {
                change(key.job, state: .running, epoch: lease.token.epoch)
            }
        }
    }

    func accept(_ results: [ChunkResult], term: Int64) throws -> [ResultVerdict] {
        try check(term)
        return results.map(accept)
    }

    private func accept(_ result: ChunkResult) -> ResultVerdict {
        let key = result.token.key
        guard let id = key.region, jobs[key.job]?.state.isFinal == false else { return .stale }
        if regionRecords[id]?.results[key.chunk] != nil {
            return regionRecords[id]?.tokens[key.chunk] == result.token ? .duplicate : .stale
        }
        guard regionRecords[id]?.isClosed == false, result.token.epoch >= regionRecords[id]?.epochs[key.chunk] ?? 1
        else { return .stale }
        regionRecords[id]?.results[key.chunk] = result.outcome
        regionRecords[id]?.tokens[key.chunk] = result.token
        return .accepted
    }

    func finish(_ result: DriverResult, term: Int64) throws -> ResultVerdict {
        try check(term)
        let id = result.token.key.job
        guard let job = jobs[id] else { return .stale }
        if job.state.isFinal { return finished[id] == result.token ? .duplicate : .stale }
        guard job.state == .running, job.driverEpoch == result.token.epoch else { return .stale }
        change(
            id, state: result.failure == nil ? .completed : .failed, outcome: result.outcome, failure: result.failure)
        finished[id] = result.token
        return .accepted
    }

    func releaseDriver(of job: JobID, epoch: Int64, term: Int64) throws {
        try check(term)
        guard jobs[job]?.state == .running, jobs[job]?.driverEpoch == epoch else { return }
        change(job, state: .pendingSchedule)
    }

    func appendLogs(_ segments: [LogAppend], term: Int64) throws -> [Int64] {
        try check(term)
        return segments.map { segment in
            var log = logs[segment.job]?[segment.stream] ?? []
            let known = Int64(log.count) - segment.offset
            if known >= 0, known < segment.bytes.count { log += segment.bytes.dropFirst(Int(known)) }
            logs[segment.job, default: [:]][segment.stream] = log
            return Int64(log.count)
        }
    }

    func results(of region: RegionID, from: Int64, limit: Int) throws -> [ChunkOutcome] {
        try check(nil)
        let indices = (regionRecords[region]?.results.keys.filter { $0 >= from } ?? []).sorted().prefix(limit)
        return indices.compactMap { regionRecords[region]?.results[$0] }
    }

    func closeRegion(_ id: RegionID, committed: Int64, term: Int64) throws {
        try check(term)
        regionRecords[id]?.isClosed = true
    }

    func attempts(of job: JobID) throws -> AttemptTotals {
        try check(nil)
        let own = losses.filter { $0.token.key.job == job }
        let results = regionRecords.values.filter { $0.region.job == job }.reduce(0) { $0 + $1.results.count }
        return AttemptTotals(
            total: Int64(own.count + results + 1), lost: Int64(own.count { $0.cause == .lost }),
            outOfMemory: Int64(own.count { $0.cause == .outOfMemory }), stale: 0)
    }

    func recordLosses(_ losses: [AttemptLoss], term: Int64) throws {
        try check(term)
        self.losses += losses
    }

    func attachNodes(_ nodes: [NodeAttachment], term: Int64) throws -> [NodeID] {
        try check(term)
        attachments += 1
        return nodes.map { node in
            if let id = node.enrolled {
                deadNodes.remove(id)
                return id
            }
            let id = self.nodes[node.name] ?? NodeID(Int64(self.nodes.count + 1))
            self.nodes[node.name] = id
            deadNodes.remove(id)
            return id
        }
    }

    func drainingNodes() throws -> Set<NodeID> {
        try check(nil)
        return drainedNodes
    }

    func recordNodes(seen: [NodeID], dead: [NodeID], term: Int64) throws {
        try check(term)
        deadNodes.formUnion(dead)
        deadNodes.subtract(seen)
    }

    func appendNodeLog(_ entries: [NodeLogEntry], term: Int64) throws {
        try check(term)
        nodeLog += entries
    }

    func aliveNodes() throws -> [Node] {
        try check(nil)
        return nodes.filter { !deadNodes.contains($0.value) }.map { name, id in
            Node(
                id: id, owner: nil, name: name, slots: 1, memory: 1 << 30, isAlive: true,
                createdAt: Timestamp(microseconds: 0), lastSeenAt: nil, completedChunks: 0)
        }
    }

    // MARK: Pieces

    private func check(_ term: Int64?) throws {
        if isAway { throw Unavailable() }
        if let term, term != self.term { throw StoreError.fenced(term: term) }
    }

    private var sorted: [Job] { jobs.values.sorted { $0.id < $1.id } }

    private func wake() {
        let waiting = waiters
        isWakeUpDue = waiting.isEmpty
        waiters = []
        for waiter in waiting { waiter.resume() }
    }

    private func stored(_ record: RegionRecord) -> StoredRegion {
        StoredRegion(
            region: record.region, completed: record.results.keys.sorted(), epochs: record.epochs,
            isClosed: record.isClosed)
    }

    private func change(
        _ id: JobID, state: JobState, plan: [UInt8]? = nil, outcome: JobOutcome? = nil, failure: String? = nil,
        epoch: Int64? = nil
    ) {
        guard let job = jobs[id] else { return }
        jobs[id] = Job(
            id: id, owner: job.owner, specification: job.specification, state: state, createdAt: job.createdAt,
            startedAt: job.startedAt, finishedAt: job.finishedAt, plan: plan ?? job.plan,
            outcome: outcome ?? job.outcome, failure: failure ?? job.failure, driverEpoch: epoch ?? job.driverEpoch)
    }
}
