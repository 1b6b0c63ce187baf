import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct TermTests {
    @Test func eachTermIsNewer() async throws {
        let fixture = try await Fixture.make()
        let terms = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<8 { group.addTask { try await fixture.store.dispatch.beginTerm() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(terms).count == 8)
        #expect(terms.allSatisfy { $0 > fixture.term })
        await fixture.store.close()
    }

    @Test func anOldTermWritesNothing() async throws {
        let fixture = try await Fixture.make()
        let (job, driver) = try await fixture.runningJob()
        let region = try await fixture.openRegion(of: job)
        let submitted = try await fixture.job().id
        let newest = try await fixture.store.dispatch.beginTerm()
        let dispatch = fixture.store.dispatch
        let old = fixture.term
        let token = fixture.token(region, 0)
        let writes: [(String, @Sendable () async throws -> Void)] = [
            ("storePlan", { try await dispatch.storePlan([], job: submitted, term: old) }),
            ("failJob", { try await dispatch.failJob(job, reason: "r", term: old) }),
            ("openRegion", { _ = try await dispatch.openRegion(Fixture.region(of: job, entry: 1), term: old) }),
            (
                "recordLeases",
                { try await dispatch.recordLeases([LeaseRecord(token: token, node: NodeID(1))], term: old) }
            ),
            ("accept", { _ = try await dispatch.accept([Fixture.result(token)], term: old) }),
            (
                "finish",
                {
                    _ = try await dispatch.finish(
                        DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil), term: old)
                }
            ),
            ("releaseDriver", { try await dispatch.releaseDriver(of: job, epoch: 1, term: old) }),
            (
                "appendLogs",
                {
                    _ = try await dispatch.appendLogs(
                        [LogAppend(job: job, epoch: 1, stream: .standardError, offset: 0, bytes: [1])], term: old)
                }
            ),
            ("closeRegion", { try await dispatch.closeRegion(region.id, committed: 1, term: old) }),
            ("recordLosses", { try await dispatch.recordLosses([AttemptLoss(token: token, cause: .lost)], term: old) }),
            (
                "attachNode",
                { _ = try await dispatch.attachNode(name: "x", owner: nil, slots: 1, memory: 1, term: old) }
            ),
            ("recordNodes", { try await dispatch.recordNodes(seen: [NodeID(1)], dead: [], term: old) }),
            (
                "appendNodeLog",
                {
                    let entry = NodeLogEntry(
                        node: NodeID(1), at: Timestamp(microseconds: 1), kind: .dead, term: old, slots: 1, memory: 1)
                    try await dispatch.appendNodeLog([entry], term: old)
                }
            ),
        ]
        for (name, write) in writes {
            await #expect(throws: StoreError.fenced(term: newest), "\(name)") { try await write() }
        }
        let unchanged = try #require(try await fixture.store.jobs.job(job, owner: fixture.user))
        #expect(unchanged.state == .running)
        #expect(try await dispatch.results(of: region.id, from: 0, limit: 10).isEmpty)
        #expect(try await dispatch.attempts(of: job) == AttemptTotals(total: 1, lost: 0, outOfMemory: 0, stale: 0))
        await fixture.store.close()
    }

    /// Whoever has passed the fence commits before the next term begins: no write of an old term comes after it.
    @Test func aNewTermWaitsForWritesThatHavePassedTheFence() async throws {
        let fixture = try await Fixture.make()
        let (job, _) = try await fixture.runningJob()
        let region = try await fixture.openRegion(of: job, ranges: .even(first: 0, last: 100_000, step: 1))
        let accepted = Task {
            var count: Int64 = 0
            while true {
                let tokens = (count..<count + 100).map { fixture.token(region, $0) }
                do {
                    _ = try await fixture.store.dispatch.accept(tokens.map { Fixture.result($0) }, term: fixture.term)
                } catch StoreError.fenced {
                    return count
                }
                count += 100
            }
        }
        try await eventually("some results") {
            try await !fixture.store.dispatch.results(of: region.id, from: 500, limit: 1).isEmpty
        }
        _ = try await fixture.store.dispatch.beginTerm()
        let stored = try await fixture.store.dispatch.regions(of: job)[0].completed.count
        #expect(try await Int(accepted.value) == stored)
        await fixture.store.close()
    }

    @Test func mastersMayStartSideBySideOnAFreshDatabase() async throws {
        let configuration = try await TestServer.schema()
        let stores = try await withThrowingTaskGroup(of: Store.self) { group in
            for _ in 0..<6 {
                group.addTask { try await Store.open(StoreConfiguration(configuration, connections: 2)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(stores.count == 6)
        for store in stores { await store.close() }
    }

    @Test func oneLeadsAtATime() async throws {
        let configuration = try await TestServer.schema()
        let first = try await Store.open(StoreConfiguration(configuration, connections: 3))
        let second = try await Store.open(StoreConfiguration(configuration, connections: 3))
        let leadership = try await first.election.lead()
        let other = Task { try await second.election.lead() }
        let impatient = Task { try await second.election.lead() }
        impatient.cancel()
        await #expect(throws: (any Error).self) { try await impatient.value }
        #expect(leadership.isHeld)
        #expect(try await second.election.leadNow() == nil)
        await leadership.release()
        let next = try await other.value
        #expect(next.isHeld)
        #expect(!leadership.isHeld)
        await next.release()
        await first.close()
        await second.close()
    }

    @Test func whoLosesTheConnectionLosesTheLead() async throws {
        let configuration = try await TestServer.schema()
        let store = try await Store.open(StoreConfiguration(configuration, connections: 3))
        let leadership = try await store.election.lead()
        let other = Task { try await store.election.lead() }
        let loss = Task { await leadership.waitForLoss() }
        let admin = try await Connection.connect(configuration)
        _ = try await admin.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND classid = 1381190732 AND granted
                AND objid = 'master_term'::regclass::oid
            """)
        await loss.value
        #expect(!leadership.isHeld)
        #expect(try await other.value.isHeld)
        await admin.close()
        await store.close()
    }
}
