import RunSurgeCore
import RunSurgeScheduling

/// What PostgreSQL would hold, by the same rules.
struct SimulatedStore {
    struct RegionRecord {
        let region: Region
        let digest: [UInt8]
        var results: [Int64: (token: LeaseToken, outcome: ChunkOutcome)] = [:]
        var leases: [Int64: (term: Int64, epoch: Int64)] = [:]
        var isClosed = false
    }

    var jobs: [JobID: Job] = [:]
    var regions: [RegionID: RegionRecord] = [:]
    private var finished: [JobID: LeaseToken] = [:]

    var isEverythingOver: Bool { jobs.values.allSatisfy(\.state.isFinal) }

    func loaded() -> [LoadedJob] {
        jobs.values.filter { !$0.state.isFinal }.sorted { $0.id < $1.id }.map { job in
            LoadedJob(
                job: job, plan: .inline([]),
                regions: regions.values.filter { $0.region.job == job.id }.sorted { $0.region.id < $1.region.id }
                    .map(stored))
        }
    }

    mutating func open(_ new: NewRegion) -> StoredRegion {
        let known = regions.values.first {
            $0.region.job == new.job && $0.region.entry == new.entry && $0.digest == new.digest
        }
        let id = known?.region.id ?? RegionID(Int64(regions.count + 1))
        var record =
            known
            ?? RegionRecord(
                region: Region(
                    id: id, job: new.job, node: new.node, line: new.line, entry: new.entry, digest: new.digest,
                    sourceJSON: [], modesJSON: [], environment: new.environment, blobs: [], ranges: new.ranges,
                    prefixRecords: new.prefixRecords, predictedPeak: new.predictedPeak),
                digest: new.digest)
        record.isClosed = false
        regions[id] = record
        return stored(record)
    }

    private func stored(_ record: RegionRecord) -> StoredRegion {
        StoredRegion(
            region: record.region, completed: record.results.keys.sorted(),
            epochs: record.leases.mapValues(\.epoch), isClosed: record.isClosed)
    }

    mutating func record(_ leases: [LeaseRecord]) {
        for lease in leases {
            let (key, token) = (lease.token.key, lease.token)
            guard let region = key.region else {
                guard let job = jobs[key.job], !job.state.isFinal, token.epoch > job.driverEpoch else { continue }
                change(key.job, .running, epoch: token.epoch)
                continue
            }
            let former = regions[region]?.leases[key.chunk] ?? (0, 0)
            if (token.term, token.epoch) > former { regions[region]?.leases[key.chunk] = (token.term, token.epoch) }
        }
    }

    mutating func accept(_ result: ChunkResult) -> ResultVerdict {
        let (key, token) = (result.token.key, result.token)
        guard let id = key.region, let record = regions[id] else { return .stale }
        if let known = record.results[key.chunk] { return known.token == token ? .duplicate : .stale }
        let lease = record.leases[key.chunk] ?? (0, 0)
        guard !record.isClosed, jobs[key.job]?.state.isFinal == false, (token.term, token.epoch) >= lease else {
            return .stale
        }
        regions[id]?.results[key.chunk] = (token, result.outcome)
        return .accepted
    }

    mutating func finish(_ token: LeaseToken) -> ResultVerdict {
        guard let job = jobs[token.key.job] else { return .stale }
        if job.state.isFinal { return finished[job.id] == token ? .duplicate : .stale }
        guard token.epoch >= job.driverEpoch else { return .stale }
        finished[job.id] = token
        change(job.id, .completed)
        return .accepted
    }

    mutating func release(_ id: JobID, epoch: Int64) {
        guard let job = jobs[id], job.state == .running, job.driverEpoch == epoch else { return }
        change(id, .pendingSchedule)
    }

    mutating func fail(_ id: JobID) {
        if jobs[id]?.state.isFinal == false { change(id, .failed) }
    }

    mutating func change(_ id: JobID, _ state: JobState, epoch: Int64? = nil) {
        guard let job = jobs[id] else { return }
        jobs[id] = Job(
            id: id, owner: job.owner, specification: job.specification, state: state, createdAt: job.createdAt,
            startedAt: nil, finishedAt: nil, plan: job.plan, outcome: nil, failure: nil,
            driverEpoch: epoch ?? job.driverEpoch)
    }
}
