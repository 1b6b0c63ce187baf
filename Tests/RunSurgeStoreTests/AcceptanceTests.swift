import RunSurgeCore
import RunSurgeStore
import Testing

/// Rules 5 to 8 of the protocol.
@Suite struct AcceptanceTests {
    private struct Scene {
        let fixture: Fixture
        let job: JobID
        let region: Region

        static func make() async throws -> Scene {
            let fixture = try await Fixture.make()
            let (job, _) = try await fixture.runningJob()
            return Scene(fixture: fixture, job: job, region: try await fixture.openRegion(of: job))
        }

        func token(_ chunk: Int64, epoch: Int64 = 1, term: Int64? = nil) -> LeaseToken {
            fixture.token(region, chunk, epoch: epoch, term: term)
        }

        func accept(_ results: [ChunkResult], term: Int64? = nil) async throws -> [ResultVerdict] {
            try await fixture.store.dispatch.accept(results, term: term ?? fixture.term)
        }
    }

    @Test func aResultIsAcceptedOnce() async throws {
        let scene = try await Scene.make()
        let token = scene.token(3)
        try await scene.fixture.lease([token])
        #expect(try await scene.accept([Fixture.result(token)]) == [.accepted])
        #expect(try await scene.accept([Fixture.result(token)]) == [.duplicate])
        // Another that is due at the same time, in one batch with all kinds of others.
        let fresh = scene.token(4)
        let verdicts = try await scene.accept([
            Fixture.result(token), Fixture.result(fresh), Fixture.result(fresh),
            Fixture.result(scene.token(3, epoch: 2)),
            Fixture.result(scene.token(-1)), Fixture.result(scene.token(1000)),
        ])
        #expect(verdicts == [.duplicate, .accepted, .duplicate, .stale, .stale, .stale])
        let results = try await scene.fixture.store.dispatch.results(of: scene.region.id, from: 0, limit: 10)
        #expect(results == [Fixture.outcome(3), Fixture.outcome(4)])
        let totals = try await scene.fixture.store.dispatch.attempts(of: scene.job)
        #expect(totals == AttemptTotals(total: 2, lost: 0, outOfMemory: 0, stale: 3))
        await scene.fixture.store.close()
    }

    @Test func aLateResultIsGoodUntilTheChunkIsLeasedAgain() async throws {
        let scene = try await Scene.make()
        let first = scene.token(0)
        let second = scene.token(1)
        try await scene.fixture.lease([first, second])
        // Both expire: nothing is recorded. One is leased again.
        try await scene.fixture.lease([scene.token(1, epoch: 2)])
        #expect(try await scene.accept([Fixture.result(first), Fixture.result(second)]) == [.accepted, .stale])
        #expect(try await scene.accept([Fixture.result(scene.token(1, epoch: 2))]) == [.accepted])
        await scene.fixture.store.close()
    }

    @Test func anEpochOfALaterTermIsNewerWhateverItsNumber() async throws {
        let scene = try await Scene.make()
        try await scene.fixture.lease([scene.token(0, epoch: 7)])
        let term = try await scene.fixture.store.dispatch.beginTerm()
        let newer = scene.token(0, epoch: 1, term: term)
        try await scene.fixture.store.dispatch.recordLeases([LeaseRecord(token: newer, node: NodeID(1))], term: term)
        // The old record, come late, does not undo it.
        try await scene.fixture.store.dispatch.recordLeases(
            [LeaseRecord(token: scene.token(0, epoch: 8), node: NodeID(1))], term: term)
        #expect(try await scene.accept([Fixture.result(scene.token(0, epoch: 7))], term: term) == [.stale])
        #expect(try await scene.accept([Fixture.result(newer)], term: term) == [.accepted])
        await scene.fixture.store.close()
    }

    /// Leases are not recorded durably: after a crash of the database the record may be gone.
    @Test func aResultWhoseLeaseWasForgottenIsGood() async throws {
        let scene = try await Scene.make()
        #expect(try await scene.accept([Fixture.result(scene.token(9, epoch: 3))]) == [.accepted])
        await scene.fixture.store.close()
    }

    @Test func nothingIsTakenForWorkThatIsNoLongerWanted() async throws {
        let scene = try await Scene.make()
        let dispatch = scene.fixture.store.dispatch
        #expect(try await scene.accept([Fixture.result(scene.token(0))]) == [.accepted])
        try await dispatch.closeRegion(scene.region.id, committed: 1, term: scene.fixture.term)
        #expect(
            try await scene.accept([Fixture.result(scene.token(0)), Fixture.result(scene.token(1))])
                == [.duplicate, .stale])
        _ = try await dispatch.openRegion(Fixture.region(of: scene.job), term: scene.fixture.term)
        #expect(try await scene.accept([Fixture.result(scene.token(1))]) == [.accepted])
        _ = try await scene.fixture.store.jobs.requestCancel(scene.job, owner: scene.fixture.user)
        #expect(try await scene.accept([Fixture.result(scene.token(2))]) == [.stale])
        let unknown = LeaseToken(
            key: WorkKey(job: scene.job, region: RegionID(1 << 40), chunk: 0), term: scene.fixture.term, epoch: 1,
            session: 1)
        #expect(try await scene.accept([Fixture.result(unknown)]) == [.stale])
        await scene.fixture.store.close()
    }

    @Test func ofManyCopiesAtOnceOneIsAccepted() async throws {
        let scene = try await Scene.make()
        let tokens = (0..<100).map { scene.token(Int64($0)) }
        try await scene.fixture.lease(tokens)
        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let verdicts = try await scene.accept(tokens.shuffled().map { Fixture.result($0) })
                    return verdicts.count { $0 == .accepted }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(accepted == 100)
        await scene.fixture.store.close()
    }

    @Test func keepsEverythingAResultSays() async throws {
        let scene = try await Scene.make()
        let outcomes = [
            ChunkOutcome(
                index: 0, status: .raised, records: 1, range: 5..<9, effects: .inline([]), reason: "ValueError: \u{0}ü",
                variable: "x", line: 12, wallMicroseconds: 1, cpuMicroseconds: 2, peakBytes: 3),
            ChunkOutcome(
                index: 1, status: .guardFailed, records: .max, range: 0..<0, effects: .blob(Fixture.blob(77)),
                reason: "", variable: "", line: 0, wallMicroseconds: 0, cpuMicroseconds: 0, peakBytes: .max),
        ]
        let results = outcomes.map { ChunkResult(token: scene.token($0.index), node: nil, outcome: $0) }
        #expect(try await scene.accept(results) == [.accepted, .accepted])
        let read = try await scene.fixture.store.dispatch.results(of: scene.region.id, from: 0, limit: 10)
        #expect(read[1] == outcomes[1])
        #expect(read[0].reason == "ValueError: \u{FFFD}ü")
        #expect(read[0].status == .raised && read[0].range == 5..<9 && read[0].effects == .inline([]))
        #expect(try await scene.fixture.store.dispatch.results(of: scene.region.id, from: 1, limit: 10).count == 1)
        #expect(try await scene.fixture.store.dispatch.results(of: scene.region.id, from: 0, limit: 1).count == 1)
        let summary = try await scene.fixture.store.jobs.regions(of: scene.job, owner: scene.fixture.user)[0]
        #expect(summary.completed == 2 && summary.chunks == 1000 && summary.measuredPeak == .max)
        let stored = try await scene.fixture.store.dispatch.regions(of: scene.job)[0]
        #expect(stored.spent == .init(peakBytes: .max, wallMicroseconds: 1, cpuMicroseconds: 2))
        await scene.fixture.store.close()
    }

    @Test func lossesAreCountedOnce() async throws {
        let scene = try await Scene.make()
        let token = scene.token(0)
        try await scene.fixture.lease([token, scene.token(1, epoch: 3)])
        let losses = [
            AttemptLoss(token: token, cause: .lost), AttemptLoss(token: scene.token(1), cause: .outOfMemory),
            AttemptLoss(token: scene.token(1, epoch: 2), cause: .crashed), AttemptLoss(token: token, cause: .lost),
        ]
        for _ in 0..<2 {
            try await scene.fixture.store.dispatch.recordLosses(losses, term: scene.fixture.term)
        }
        let totals = try await scene.fixture.store.dispatch.attempts(of: scene.job)
        #expect(totals == AttemptTotals(total: 5, lost: 2, outOfMemory: 1, stale: 0))
        await scene.fixture.store.close()
    }
}
