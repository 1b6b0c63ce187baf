public import RunSurgeCore
import Synchronization

/// Jobs in memory; a test moves them on by hand.
public final class MemoryJobs: JobStore {
    private struct State {
        var jobs: [JobID: Job] = [:]
        var logs: [JobID: [LogStream: [UInt8]]] = [:]
        var regions: [JobID: [RegionSummary]] = [:]
        var nodes: [Node] = []
        var nodeLog: [NodeLogEntry] = []
        var answers: [IdempotencyKey: StoredAnswer] = [:]
        var version = 0
        var isReachable = true
        var waits = 0
    }

    public struct Unreachable: Error {}

    private let state = Mutex(State())

    public init() {}

    // What a test does to a job

    public func update(_ id: JobID, state next: JobState, plan: [UInt8]? = nil, outcome: JobOutcome? = nil) {
        state.withLock { state in
            guard let job = state.jobs[id] else { return }
            state.jobs[id] = Job(
                id: id, owner: job.owner, specification: job.specification, state: next, createdAt: job.createdAt,
                startedAt: job.createdAt, finishedAt: next.isFinal ? job.createdAt : nil, plan: plan ?? job.plan,
                outcome: outcome ?? job.outcome, failure: next == .failed ? "It broke." : nil, driverEpoch: 1)
            state.version += 1
        }
    }

    public func append(_ text: String, to stream: LogStream, of id: JobID) {
        state.withLock { state in
            state.logs[id, default: [:]][stream, default: []] += Array(text.utf8)
            state.version += 1
        }
    }

    public func set(regions: [RegionSummary], of id: JobID) { state.withLock { $0.regions[id] = regions } }
    public func set(nodes: [Node]) { state.withLock { $0.nodes = nodes } }
    public func set(nodeLog: [NodeLogEntry]) { state.withLock { $0.nodeLog = nodeLog } }
    public func set(isReachable: Bool) { state.withLock { $0.isReachable = isReachable } }
    /// Callers that wait for a change now.
    public var waits: Int { state.withLock { $0.waits } }
    public var all: [Job] { state.withLock { $0.jobs.values.sorted { $0.id < $1.id } } }

    // The port

    public func createJob(
        _ specification: JobSpecification, owner: UserID, awaitsUpload: Bool, idempotency: Idempotency<Job>?
    ) async throws -> Once<Job> {
        try state.withLock { state in
            if let key = idempotency?.key, let known = state.answers[key] { return .replayed(known) }
            let id = JobID(Int64(state.jobs.count + 1))
            let job = Job(
                id: id, owner: owner, specification: specification, state: .submitted,
                createdAt: Timestamp(microseconds: 1_764_000_000_000_000), startedAt: nil, finishedAt: nil, plan: nil,
                outcome: nil, failure: nil, driverEpoch: 0, isReady: !awaitsUpload)
            if let idempotency { state.answers[idempotency.key] = try idempotency.answer(job) }
            state.jobs[id] = job
            return .performed(job)
        }
    }

    public func job(_ id: JobID, owner: UserID) async throws -> Job? {
        state.withLock { $0.jobs[id].flatMap { $0.owner == owner ? $0 : nil } }
    }

    public func ownerOfJob(_ id: JobID) async throws -> UserID? { state.withLock { $0.jobs[id]?.owner } }

    public func overview(of id: JobID, owner: UserID) async throws -> JobOverview? {
        try await job(id, owner: owner).map { JobOverview($0, amount: 0) }
    }

    public func overviews(owner: UserID, before: JobID?, limit: Int) async throws -> [JobOverview] {
        let mine = all.reversed().filter { job in job.owner == owner && (before.map { job.id < $0 } ?? true) }
        return mine.prefix(limit).map { JobOverview($0) }
    }

    public func requestCancel(_ id: JobID, owner: UserID) async throws -> Bool {
        guard let job = try await job(id, owner: owner), !job.state.isFinal else { return false }
        update(id, state: .cancelled)
        return true
    }

    public func log(
        of id: JobID, owner: UserID, stream: LogStream, offset: Int64, limit: Int
    ) async throws -> [UInt8] {
        guard try await job(id, owner: owner) != nil else { return [] }
        return state.withLock { Array(($0.logs[id]?[stream] ?? []).dropFirst(Int(offset)).prefix(limit)) }
    }

    public func regions(of id: JobID, owner: UserID) async throws -> [RegionSummary] {
        state.withLock { $0.jobs[id]?.owner == owner ? $0.regions[id] ?? [] : [] }
    }

    /// There are none.
    public func chunks(
        of id: JobID, owner: UserID, before: ChunkPosition?, limit: Int
    ) async throws -> [ChunkSummary] { [] }

    public func mayRead(blob sha256: String, owner: UserID) async throws -> BlobReference? {
        for job in all where job.owner == owner {
            let outcome = job.outcome
            let produced = [outcome?.standardOutput, outcome?.standardError].compactMap { $0 }
            let blobs = job.specification.blobs + produced + (outcome?.outputs.map(\.blob) ?? [])
            if let blob = blobs.first(where: { $0.sha256 == sha256 }) { return blob }
        }
        return nil
    }

    public func nodes(owner: UserID?) async throws -> [Node] {
        state.withLock { $0.nodes.filter { $0.owner == owner } }
    }

    public func nodes(owner: UserID?, before: NodeID?, limit: Int) async throws -> [Node] {
        let older = try await nodes(owner: owner).filter { node in before.map { node.id < $0 } ?? true }
        return Array(older.sorted { $0.id > $1.id }.prefix(limit))
    }

    public func node(_ id: NodeID) async throws -> Node? {
        state.withLock { $0.nodes.first { $0.id == id } }
    }

    public func nodeLog(
        of id: NodeID, owner: UserID?, before: Timestamp?, limit: Int
    ) async throws -> [NodeLogEntry] {
        guard try await node(id)?.owner == owner else { return [] }
        let entries = state.withLock { $0.nodeLog.filter { $0.node == id } }
        let older = entries.sorted { $0.at > $1.at }.filter { entry in before.map { entry.at < $0 } ?? true }
        return Array(older.prefix(limit))
    }

    public func setDraining(_ node: NodeID, owner: UserID?, to isDraining: Bool) async throws -> Bool {
        state.withLock { state in
            guard let index = state.nodes.firstIndex(where: { $0.id == node && $0.owner == owner }) else {
                return false
            }
            let old = state.nodes[index]
            state.nodes[index] = Node(
                id: old.id, owner: old.owner, name: old.name, slots: old.slots, memory: old.memory,
                isAlive: old.isAlive, isDraining: isDraining, createdAt: old.createdAt, lastSeenAt: old.lastSeenAt,
                completedChunks: old.completedChunks)
            return true
        }
    }

    public func waitForChange(of id: JobID, within: Duration) async throws {
        let seen = state.withLock { state in
            state.waits += 1
            return state.version
        }
        defer { state.withLock { $0.waits -= 1 } }
        let deadline = ContinuousClock.now + within
        while state.withLock({ $0.version }) == seen, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    public func ping() async throws {
        guard state.withLock({ $0.isReachable }) else { throw Unreachable() }
    }
}
