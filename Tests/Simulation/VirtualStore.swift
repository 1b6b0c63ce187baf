import RunSurgeCore
import RunSurgeScheduling

/// What PostgreSQL would hold, by the same rules; leases are lost in a crash when nothing was committed durably after
/// them.
struct VirtualStore {
    struct StoredResult {
        let token: LeaseToken
        let outcome: ChunkOutcome
        let batch: UInt64
    }

    struct RegionRecord {
        let region: Region
        var results: [Int64: StoredResult] = [:]
        var leases: [Int64: LeaseToken] = [:]
        var isClosed = false
    }

    struct DriverLease: Equatable {
        var term: Int64 = 0
        var epoch: Int64 = 0
        var session: UInt64 = 0

        func isCovered(by token: LeaseToken) -> Bool { (token.term, token.epoch) >= (term, epoch) }
    }

    struct Ending {
        let token: LeaseToken
        let sum: UInt64
    }

    private enum Undo {
        case chunk(RegionID, Int64, LeaseToken?)
        case driver(Job, DriverLease)
    }

    private(set) var term: Int64 = 0
    private(set) var jobs: [JobID: Job] = [:]
    private(set) var drivers: [JobID: DriverLease] = [:]
    private(set) var endings: [JobID: Ending] = [:]
    private(set) var regions: [RegionID: RegionRecord] = [:]
    private(set) var rows = 0
    private var undos: [Undo] = []
    let mutant: Mutant?

    init(mutant: Mutant?) { self.mutant = mutant }

    mutating func beginTerm() -> Int64 {
        flush()
        term += 1
        return term
    }

    /// Whether a master of that term may still write.
    func admits(_ term: Int64) -> Bool { term == self.term || mutant == .ignoreTerm }

    private mutating func flush() { undos.removeAll(keepingCapacity: true) }

    /// Loses what no durable commit has followed.
    mutating func crash() {
        for undo in undos.reversed() {
            switch undo {
            case .chunk(let region, let chunk, let former): regions[region]?.leases[chunk] = former
            case .driver(let job, let lease):
                guard jobs[job.id]?.state.isFinal == false else { continue }
                jobs[job.id] = job
                drivers[job.id] = lease
            }
        }
        flush()
    }

    // MARK: Jobs

    mutating func submit(_ job: Job) { jobs[job.id] = job }

    mutating func cancel(_ id: JobID) {
        flush()
        if jobs[id]?.state.isFinal == false { change(id, .cancelled) }
    }

    var isEverythingOver: Bool { jobs.values.allSatisfy(\.state.isFinal) }

    func unfinished(without known: Set<JobID>, _ modules: [JobID: Set<String>]) -> [LoadedJob] {
        jobs.values.filter { !$0.state.isFinal && !known.contains($0.id) }.sorted { $0.id < $1.id }.map { job in
            let own = regions.values.filter { $0.region.job == job.id }.sorted { $0.region.id < $1.region.id }
            return LoadedJob(
                job: job, plan: .inline([]), regions: own.map(Self.stored), modules: modules[job.id] ?? [])
        }
    }

    func cancelled(among known: Set<JobID>) -> Set<JobID> { known.filter { jobs[$0]?.state == .cancelled } }

    // MARK: Regions

    private static func stored(_ record: RegionRecord) -> StoredRegion {
        StoredRegion(
            region: record.region, completed: record.results.keys.sorted(),
            epochs: record.leases.mapValues(\.epoch), isClosed: record.isClosed)
    }

    mutating func open(_ new: NewRegion) -> StoredRegion {
        flush()
        let known = regions.values.first {
            $0.region.job == new.job && $0.region.node == new.node && $0.region.entry == new.entry
                && $0.region.digest == new.digest
        }
        let id = known?.region.id ?? RegionID(Int64(regions.count + 1))
        var record =
            known
            ?? RegionRecord(
                region: Region(
                    id: id, job: new.job, node: new.node, line: new.line, entry: new.entry, digest: new.digest,
                    sourceJSON: new.sourceJSON, modesJSON: new.modesJSON, environment: new.environment, blobs: [],
                    ranges: new.ranges, prefixRecords: new.prefixRecords, predictedPeak: new.predictedPeak))
        record.isClosed = false
        regions[id] = record
        return Self.stored(record)
    }

    mutating func close(_ id: RegionID) {
        flush()
        regions[id]?.isClosed = true
    }

    // MARK: Leases and results

    mutating func record(_ leases: [LeaseRecord]) {
        for token in leases.map(\.token) {
            guard let region = token.key.region else {
                recordDriver(token)
                continue
            }
            let former = regions[region]?.leases[token.key.chunk]
            if let former, (token.term, token.epoch) <= (former.term, former.epoch) { continue }
            undos.append(.chunk(region, token.key.chunk, former))
            regions[region]?.leases[token.key.chunk] = token
        }
    }

    private mutating func recordDriver(_ token: LeaseToken) {
        let former = drivers[token.key.job] ?? DriverLease()
        guard let job = jobs[token.key.job], !job.state.isFinal,
            (token.term, token.epoch) > (former.term, former.epoch)
        else { return }
        undos.append(.driver(job, former))
        drivers[job.id] = DriverLease(term: token.term, epoch: token.epoch, session: token.session)
        change(job.id, .running, epoch: token.epoch)
    }

    mutating func accept(_ result: ChunkResult, batch: UInt64) -> ResultVerdict {
        flush()
        let (key, token) = (result.token.key, result.token)
        guard let id = key.region, let record = regions[id] else { return .stale }
        if let known = record.results[key.chunk] {
            guard known.token == token else { return .stale }
            return known.batch == batch || mutant == .duplicateIsFresh ? .accepted : .duplicate
        }
        guard !record.isClosed, jobs[key.job]?.state.isFinal == false, key.chunk < record.region.ranges.count else {
            return .stale
        }
        if let lease = record.leases[key.chunk], (token.term, token.epoch) < (lease.term, lease.epoch),
            mutant != .acceptStale
        {
            return .stale
        }
        regions[id]?.results[key.chunk] = StoredResult(token: token, outcome: result.outcome, batch: batch)
        rows += 1
        return .accepted
    }

    func results(of id: RegionID, from: Int64, limit: Int) -> [ChunkOutcome] {
        guard let record = regions[id] else { return [] }
        return record.results.keys.filter { $0 >= from }.sorted().prefix(limit)
            .compactMap { record.results[$0]?.outcome }
    }

    // MARK: Ends

    mutating func finish(_ token: LeaseToken, sum: UInt64, isRepeated: Bool) -> ResultVerdict {
        flush()
        guard let job = jobs[token.key.job] else { return .stale }
        let lease = drivers[job.id] ?? DriverLease()
        if job.state.isFinal {
            guard endings[job.id]?.token == token else { return .stale }
            return isRepeated ? .accepted : .duplicate
        }
        guard lease.isCovered(by: token) else { return .stale }
        endings[job.id] = Ending(token: token, sum: sum)
        change(job.id, .completed)
        return .accepted
    }

    mutating func release(_ id: JobID, epoch: Int64) {
        flush()
        guard let job = jobs[id], job.state == .running, job.driverEpoch == epoch else { return }
        change(id, .pendingSchedule)
    }

    mutating func fail(_ id: JobID) {
        flush()
        if jobs[id]?.state.isFinal == false { change(id, .failed) }
    }

    private mutating func change(_ id: JobID, _ state: JobState, epoch: Int64? = nil) {
        guard let job = jobs[id] else { return }
        jobs[id] = Job(
            id: id, owner: job.owner, specification: job.specification, state: state, createdAt: job.createdAt,
            startedAt: nil, finishedAt: nil, plan: nil, outcome: nil, failure: nil,
            driverEpoch: epoch ?? job.driverEpoch)
    }
}
