import Foundation
import PostgreSQL
import RunSurgeCore
import RunSurgeStore

/// A store with a user, a term and the means to make work in it.
struct Fixture {
    let store: Store
    let term: Int64
    let user: UserID
    let configuration: ConnectionConfiguration

    static func make() async throws -> Fixture {
        let configuration = try await TestServer.schema()
        let store = try await Store.open(StoreConfiguration(configuration, connections: 3))
        let name = UUID().uuidString
        let user = try await store.accounts.createUser(
            username: name, email: "\(name)@example.org", passwordHash: UUID().uuidString)
        return Fixture(
            store: store, term: try await store.dispatch.beginTerm(), user: user.id, configuration: configuration)
    }

    static func blob(_ seed: Int = 0) -> BlobReference {
        BlobReference(sha256: String(repeating: "0", count: 56) + String(format: "%08x", seed), size: Int64(seed))
    }

    static func specification(_ name: String = "job", blob seed: Int = 1) -> JobSpecification {
        JobSpecification(
            name: name,
            script: FileEntry(path: "/job/script.py", blob: blob(seed), modifiedNanoseconds: 1, mode: 0o644),
            inputs: [FileEntry(path: "/job/in.txt", blob: blob(seed + 1), modifiedNanoseconds: 2, mode: 0o600)],
            arguments: ["-n", "ü \u{1}"], environment: ["A": "b"], standardInput: blob(seed + 2), hashSeed: .max,
            minSplitSeconds: 0.25, chunkRecords: 7, priority: -3)
    }

    func job() async throws -> Job { try await store.jobs.createJob(Self.specification(), owner: user) }

    /// A job whose driver runs under the token that is returned.
    func runningJob(epoch: Int64 = 1) async throws -> (id: JobID, driver: LeaseToken) {
        let job = try await job()
        try await store.dispatch.storePlan(Array("{}".utf8), job: job.id, term: term)
        let token = driver(of: job.id, epoch: epoch)
        let node = try await store.dispatch.attachNode(name: "n", owner: nil, slots: 2, memory: 1 << 30, term: term)
        try await store.dispatch.recordLeases([LeaseRecord(token: token, node: node)], term: term)
        return (job.id, token)
    }

    func driver(of job: JobID, epoch: Int64, term: Int64? = nil) -> LeaseToken {
        LeaseToken(key: .driver(of: job), term: term ?? self.term, epoch: epoch, session: .max - UInt64(epoch))
    }

    static func region(
        of job: JobID, entry: Int64 = 0, ranges: ChunkRanges = .even(first: 0, last: 1000, step: 1),
        environment: Payload = .inline([1, 2]), blobs: [BlobReference] = []
    ) -> NewRegion {
        NewRegion(
            job: job, node: 17, line: 4, entry: entry, digest: [UInt8](repeating: 9, count: 32),
            sourceJSON: Array("{\"s\":1}".utf8), modesJSON: Array("{}".utf8), environment: environment, blobs: blobs,
            ranges: ranges, prefixRecords: 3, predictedPeak: 1 << 20)
    }

    func openRegion(of job: JobID, ranges: ChunkRanges = .even(first: 0, last: 1000, step: 1)) async throws -> Region {
        try await store.dispatch.openRegion(Self.region(of: job, ranges: ranges), term: term).region
    }

    func token(_ region: Region, _ chunk: Int64, epoch: Int64 = 1, term: Int64? = nil) -> LeaseToken {
        LeaseToken(
            key: WorkKey(job: region.job, region: region.id, chunk: chunk), term: term ?? self.term, epoch: epoch,
            session: UInt64(epoch) << 63 | 5)
    }

    func lease(_ tokens: [LeaseToken], node: NodeID = NodeID(1)) async throws {
        try await store.dispatch.recordLeases(tokens.map { LeaseRecord(token: $0, node: node) }, term: term)
    }

    static func outcome(
        _ index: Int64, status: OutcomeStatus = .completed, effects: Payload = .inline([1, 2, 3])
    ) -> ChunkOutcome {
        ChunkOutcome(
            index: index, status: status, records: 10, range: index..<index + 1, effects: effects, reason: "",
            variable: "", line: 0, wallMicroseconds: 5, cpuMicroseconds: 4, peakBytes: 1_000 + index)
    }

    static func result(_ token: LeaseToken, node: NodeID? = nil, effects: Payload = .inline([1, 2, 3])) -> ChunkResult {
        ChunkResult(token: token, node: node, outcome: outcome(token.key.chunk, effects: effects))
    }

    static func outcome(exitStatus: Int32 = 0) -> JobOutcome {
        JobOutcome(
            exitStatus: exitStatus, standardOutput: blob(20), standardError: blob(21),
            outputs: [FileEntry(path: "/job/out", blob: blob(22), modifiedNanoseconds: 3, mode: 0o644)],
            deleted: ["/job/in.txt"], report: Array("{}".utf8))
    }
}
