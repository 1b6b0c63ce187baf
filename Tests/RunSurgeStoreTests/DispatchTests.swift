import Foundation
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct DispatchTests {
    @Test func aJobGoesThroughItsStates() async throws {
        let fixture = try await Fixture.make()
        let dispatch = fixture.store.dispatch
        let job = try await fixture.job().id
        func state() async throws -> JobState? { try await fixture.store.jobs.job(job, owner: fixture.user)?.state }
        #expect(try await dispatch.submittedJobs(excluding: [], limit: 10).map(\.id) == [job])
        #expect(try await dispatch.submittedJobs(excluding: [job], limit: 10).isEmpty)
        #expect(try await dispatch.unfinishedJobs(excluding: [], limit: 10).isEmpty)
        try await dispatch.storePlan(Array("{\"p\":1}".utf8), job: job, term: fixture.term)
        #expect(try await state() == .pendingSchedule)
        #expect(try await dispatch.submittedJobs(excluding: [], limit: 10).isEmpty)
        let waiting = try await dispatch.unfinishedJobs(excluding: [], limit: 10)
        #expect(waiting.map(\.id) == [job])
        #expect(waiting[0].plan == Array("{\"p\":1}".utf8))
        #expect(try await dispatch.unfinishedJobs(excluding: [job], limit: 10).isEmpty)

        let driver = fixture.driver(of: job, epoch: 1)
        try await dispatch.recordLeases([LeaseRecord(token: driver, node: NodeID(1))], term: fixture.term)
        #expect(try await state() == .running)
        try await dispatch.releaseDriver(of: job, epoch: 2, term: fixture.term)
        #expect(try await state() == .running, "a release of another epoch is nothing")
        try await dispatch.releaseDriver(of: job, epoch: 1, term: fixture.term)
        #expect(try await state() == .pendingSchedule)
        let second = fixture.driver(of: job, epoch: 2)
        try await dispatch.recordLeases([LeaseRecord(token: second, node: NodeID(1))], term: fixture.term)

        let outcome = Fixture.outcome(exitStatus: 3)
        let result = DriverResult(token: second, outcome: outcome, failure: nil)
        #expect(
            try await dispatch.finish(DriverResult(token: driver, outcome: outcome, failure: nil), term: fixture.term)
                == .stale)
        #expect(try await dispatch.finish(result, term: fixture.term) == .accepted)
        #expect(try await dispatch.finish(result, term: fixture.term) == .duplicate)
        #expect(
            try await dispatch.finish(DriverResult(token: driver, outcome: outcome, failure: nil), term: fixture.term)
                == .stale)
        let ended = try #require(try await fixture.store.jobs.job(job, owner: fixture.user))
        #expect(ended.state == .completed)
        #expect(ended.outcome == outcome)
        #expect(ended.failure == nil)
        #expect(ended.startedAt != nil && ended.finishedAt != nil && ended.driverEpoch == 2)
        #expect(try await dispatch.attempts(of: job) == AttemptTotals(total: 2, lost: 0, outOfMemory: 0, stale: 1))
        await fixture.store.close()
    }

    @Test func aLateDriverIsGoodWhileNobodyHasItsLease() async throws {
        let fixture = try await Fixture.make()
        let (job, driver) = try await fixture.runningJob()
        try await fixture.store.dispatch.releaseDriver(of: job, epoch: 1, term: fixture.term)
        let term = try await fixture.store.dispatch.beginTerm()
        let result = DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil)
        #expect(try await fixture.store.dispatch.finish(result, term: term) == .accepted)
        await fixture.store.close()
    }

    @Test func aFailureIsFinal() async throws {
        let fixture = try await Fixture.make()
        let (job, driver) = try await fixture.runningJob()
        let dispatch = fixture.store.dispatch
        try await dispatch.failJob(job, reason: "too often lost\u{0}", term: fixture.term)
        try await dispatch.failJob(job, reason: "again", term: fixture.term)
        let result = DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil)
        #expect(try await dispatch.finish(result, term: fixture.term) == .stale)
        let failed = try #require(try await fixture.store.jobs.job(job, owner: fixture.user))
        #expect(failed.state == .failed)
        #expect(failed.failure == "too often lost\u{FFFD}")

        let (other, token) = try await fixture.runningJob()
        let failure = DriverResult(token: token, outcome: nil, failure: "no python")
        #expect(try await dispatch.finish(failure, term: fixture.term) == .accepted)
        #expect(try await dispatch.finish(failure, term: fixture.term) == .duplicate)
        #expect(try await fixture.store.jobs.job(other, owner: fixture.user)?.failure == "no python")
        await fixture.store.close()
    }

    @Test func aRegionIsFoundAgain() async throws {
        let fixture = try await Fixture.make()
        let (job, _) = try await fixture.runningJob()
        let dispatch = fixture.store.dispatch
        let blobs = [Fixture.blob(5), Fixture.blob(4), Fixture.blob(5)]
        let new = Fixture.region(
            of: job, ranges: .exact([0, 7, 9, 100]), environment: .blob(Fixture.blob(3)), blobs: blobs)
        let first = try await dispatch.openRegion(new, term: fixture.term)
        #expect(first.region.ranges == new.ranges)
        #expect(first.region.environment == new.environment)
        #expect(first.region.blobs == blobs)
        #expect(first.region.sourceJSON == new.sourceJSON)
        #expect(first.completed.isEmpty && first.epochs.isEmpty && !first.isClosed)
        try await fixture.lease([fixture.token(first.region, 0), fixture.token(first.region, 2, epoch: 4)])
        _ = try await dispatch.accept([Fixture.result(fixture.token(first.region, 0))], term: fixture.term)
        try await dispatch.closeRegion(first.region.id, committed: 1, term: fixture.term)
        #expect(try await dispatch.regions(of: job)[0].isClosed)
        let again = try await dispatch.openRegion(new, term: fixture.term)
        #expect(again.region == first.region)
        #expect(again.completed == [0])
        #expect(again.epochs == [2: 4], "of those that are not done")
        #expect(!again.isClosed, "whoever asks for it wants its results")
        let other = try await dispatch.openRegion(Fixture.region(of: job, entry: 1), term: fixture.term)
        #expect(other.region.id != first.region.id)
        #expect(other.region.ranges == .even(first: 0, last: 1000, step: 1))
        #expect(try await dispatch.regions(of: job).map(\.region.id) == [first.region.id, other.region.id])
        await fixture.store.close()
    }

    @Test func aLogIsAppendedOnce() async throws {
        let fixture = try await Fixture.make()
        let (job, _) = try await fixture.runningJob(epoch: 2)
        let dispatch = fixture.store.dispatch
        func append(_ offset: Int64, _ text: String, epoch: Int64 = 2) async throws -> Int64 {
            try await dispatch.appendLogs(
                [LogAppend(job: job, epoch: epoch, stream: .standardOutput, offset: offset, bytes: Array(text.utf8))],
                term: fixture.term)[0]
        }
        func log(_ offset: Int64 = 0, limit: Int = 1000) async throws -> String {
            String(
                decoding: try await fixture.store.jobs.log(
                    of: job, owner: fixture.user, stream: .standardOutput, offset: offset, limit: limit),
                as: UTF8.self)
        }
        #expect(try await append(0, "hello ") == 6)
        #expect(try await append(0, "hello ") == 6, "again")
        #expect(try await append(3, "lo world") == 11, "overlapping")
        #expect(try await append(12, "gap") == 11, "a gap")
        #expect(try await append(11, "old", epoch: 1) == 11, "of a driver that was replaced")
        #expect(try await log() == "hello world")
        #expect(try await log(4) == "o world")
        #expect(try await log(4, limit: 4) == "o wo")
        #expect(try await log(11) == "")
        let lengths = try await dispatch.appendLogs(
            [
                LogAppend(job: job, epoch: 2, stream: .standardOutput, offset: 11, bytes: [33]),
                LogAppend(job: job, epoch: 2, stream: .standardError, offset: 0, bytes: [33, 33]),
                LogAppend(job: job, epoch: 2, stream: .standardOutput, offset: 12, bytes: [34]),
                LogAppend(job: JobID(job.rawValue + 99), epoch: 2, stream: .standardError, offset: 0, bytes: [1]),
            ], term: fixture.term)
        #expect(lengths == [13, 2, 13, 0])
        #expect(try await log(10) == "d!\"")
        await fixture.store.close()
    }

    @Test func aLogBeyondTheLimitIsAcknowledgedButNotKept() async throws {
        let fixture = try await Fixture.make()
        let (job, _) = try await fixture.runningJob()
        let piece = [UInt8](repeating: 7, count: 24 << 20)
        var length: Int64 = 0
        for _ in 0..<3 {
            length = try await fixture.store.dispatch.appendLogs(
                [LogAppend(job: job, epoch: 1, stream: .standardError, offset: length, bytes: piece)],
                term: fixture.term)[0]
        }
        #expect(length == 72 << 20)
        let end = try await fixture.store.jobs.log(
            of: job, owner: fixture.user, stream: .standardError, offset: Limits.logStreamBytes - 5, limit: 100)
        #expect(end.count == 5)
        await fixture.store.close()
    }

    @Test func nodesComeAndGo() async throws {
        let fixture = try await Fixture.make()
        let dispatch = fixture.store.dispatch
        func attach(_ name: String, _ owner: UserID?, slots: Int = 2) async throws -> NodeID {
            try await dispatch.attachNode(name: name, owner: owner, slots: slots, memory: 5, term: fixture.term)
        }
        let shared = try await attach("a", nil)
        let own = try await attach("a", fixture.user)
        #expect(shared != own)
        #expect(try await attach("a", nil, slots: 3) == shared)
        try await dispatch.recordNodes(seen: [own], dead: [shared], term: fixture.term)
        let nodes = try await fixture.store.jobs.nodes(owner: nil)
        #expect(nodes.map(\.id) == [shared])
        #expect(nodes[0].slots == 3 && !nodes[0].isAlive && nodes[0].owner == nil)
        let mine = try await fixture.store.jobs.nodes(owner: fixture.user)
        #expect(mine.map(\.id) == [own])
        #expect(mine[0].isAlive && mine[0].lastSeenAt != nil)
        #expect(try await attach("a", nil) == shared)
        #expect(try await fixture.store.jobs.nodes(owner: nil)[0].isAlive)
        await fixture.store.close()
    }

    @Test func manyNodesComeAtOnceEachUnderItsOwnNumber() async throws {
        let fixture = try await Fixture.make()
        let dispatch = fixture.store.dispatch
        let names = (0..<5_000).map { "n\($0)" } + ["n7", "n4999"]
        let ids = try await dispatch.attachNodes(
            names.enumerated().map { NodeAttachment(name: $1, owner: nil, slots: $0 + 1, memory: 5) },
            term: fixture.term)
        #expect(ids.count == 5_002)
        #expect(Set(ids).count == 5_000)
        #expect(ids[5_000] == ids[7] && ids[5_001] == ids[4_999])
        let nodes = try await fixture.store.jobs.nodes(owner: nil)
        #expect(nodes.first { $0.name == "n7" }?.slots == 5_001, "of two with one name the later counts")
        #expect(nodes.first { $0.name == "n8" }?.id == ids[8])
        let page = try await fixture.store.jobs.nodes(owner: nil, before: nil, limit: 2)
        #expect(page == nodes.suffix(2).reversed())
        let next = try await fixture.store.jobs.nodes(owner: nil, before: page[1].id, limit: 3)
        #expect(next == nodes.dropLast(2).suffix(3).reversed())
        #expect(try await fixture.store.jobs.nodes(owner: fixture.user, before: nil, limit: 3).isEmpty)
        #expect(try await dispatch.attachNodes([], term: fixture.term).isEmpty)
        await fixture.store.close()
    }

    @Test func onlyItsOwnerDrainsANode() async throws {
        let fixture = try await Fixture.make()
        let (jobs, dispatch) = (fixture.store.jobs, fixture.store.dispatch)
        let shared = try await dispatch.attachNode(name: "a", owner: nil, slots: 1, memory: 1, term: fixture.term)
        let own = try await dispatch.attachNode(
            name: "a", owner: fixture.user, slots: 1, memory: 1, term: fixture.term)
        let stranger = try await fixture.store.accounts.createUser(
            username: UUID().uuidString, email: UUID().uuidString, passwordHash: "x")
        #expect(try await !jobs.setDraining(own, owner: stranger.id, to: true))
        #expect(try await !jobs.setDraining(own, owner: nil, to: true))
        #expect(try await !jobs.setDraining(shared, owner: fixture.user, to: true))
        #expect(try await dispatch.drainingNodes().isEmpty)
        #expect(try await jobs.setDraining(own, owner: fixture.user, to: true))
        #expect(try await jobs.setDraining(shared, owner: nil, to: true))
        #expect(try await dispatch.drainingNodes() == [own, shared])
        #expect(try await jobs.nodes(owner: fixture.user)[0].isDraining)
        // It stays drained when it comes back.
        _ = try await dispatch.attachNode(name: "a", owner: nil, slots: 1, memory: 1, term: fixture.term)
        #expect(try await jobs.setDraining(own, owner: fixture.user, to: false))
        #expect(try await dispatch.drainingNodes() == [shared])
        await fixture.store.close()
    }
}
