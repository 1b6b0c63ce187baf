import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct GroupTests {
    private let aggregator = Fixture.blob(60)
    private let zip = Fixture.blob(61)

    private func wanted(_ count: Int = 3) -> NewGroup {
        NewGroup(
            name: "g", draft: Fixture.specification("member"), scriptName: "s.py", aggregatorName: "a.py",
            aggregator: aggregator, memberCount: count)
    }

    private func make(_ fixture: Fixture, _ count: Int = 3) async throws -> GroupDetail {
        let created = try await fixture.store.groups.createGroup(
            wanted(count), owner: fixture.user, idempotency: nil)
        guard case .performed(let detail) = created else { throw Timeout(what: "a group") }
        return detail
    }

    /// Uploads its archive, and starts it.
    private func start(_ job: JobID, _ fixture: Fixture) async throws {
        let piece = UploadPiece(
            index: 0, total: 1, blob: Fixture.blob(70), fileName: "in.zip", requiredMemory: 1 << 20)
        _ = try await fixture.store.uploads.addPiece(
            piece, to: job, owner: fixture.user, limit: 1 << 30, idempotency: nil)
        var specification = Fixture.specification("member")
        specification.requiredMemory = 1 << 20
        _ = try await fixture.store.uploads.start(
            job, specification: specification, owner: fixture.user, idempotency: nil)
    }

    private func run(_ job: JobID, _ fixture: Fixture) async throws -> LeaseToken {
        try await fixture.store.dispatch.storePlan([], job: job, term: fixture.term)
        let token = fixture.driver(of: job, epoch: 1)
        try await fixture.store.dispatch.recordLeases([LeaseRecord(token: token, node: NodeID(1))], term: fixture.term)
        return token
    }

    @discardableResult private func finish(
        _ job: JobID, _ fixture: Fixture, exitStatus: Int32 = 0
    ) async throws -> ResultVerdict {
        let result = DriverResult(
            token: try await run(job, fixture), outcome: Fixture.outcome(exitStatus: exitStatus), failure: nil)
        return try await fixture.store.dispatch.finish(result, term: fixture.term)
    }

    private func state(_ group: GroupDetail, _ fixture: Fixture) async throws -> GroupState? {
        try await fixture.store.groups.group(group.group.id, owner: fixture.user)?.state
    }

    @Test func aGroupGoesThroughItsStates() async throws {
        let fixture = try await Fixture.make()
        let (groups, aggregation) = (fixture.store.groups, fixture.store.aggregation)
        let made = try await make(fixture)
        #expect(made.group.state == .submitted && made.group.memberCount == 3 && made.group.aggregator == aggregator)
        #expect(made.members.map(\.ordinal) == [1, 2, 3])
        #expect(made.members.allSatisfy { $0.state == .submitted && !$0.isReady && $0.archiveName == nil })
        #expect(try await fixture.store.jobs.overviews(owner: fixture.user, before: nil, limit: 10).isEmpty)
        #expect(try await fixture.store.dispatch.submittedJobs(excluding: [], limit: 10).isEmpty)

        for member in made.members { try await start(member.job, fixture) }
        let ready = try await groups.members(of: [made.group.id], owner: fixture.user)
        #expect(ready.allSatisfy { $0.isReady && $0.archiveName == "in.zip" && $0.requiredMemory == 1 << 20 })
        let planned = try await fixture.store.dispatch.submittedJobs(excluding: [], limit: 10)
        #expect(planned.map(\.id) == made.members.map(\.job))
        #expect(planned.allSatisfy { $0.specification.requiredMemory == 1 << 20 && $0.group == made.group.id })
        #expect(try await state(made, fixture) == .submitted)
        #expect(try await finish(made.members[1].job, fixture) == .accepted)
        #expect(try await state(made, fixture) == .running)
        try await finish(made.members[0].job, fixture)
        #expect(try await aggregation.groupsToAggregate(limit: 10).isEmpty)
        #expect(
            try await aggregation.startAggregation(
                of: made.group.id, specification: Fixture.specification(), term: fixture.term) == nil)
        try await finish(made.members[2].job, fixture)
        #expect(try await state(made, fixture) == .pendingAggregation)

        let waiting = try await aggregation.groupsToAggregate(limit: 10)
        #expect(waiting.map(\.id) == [made.group.id])
        let all = try await aggregation.memberJobs(of: made.group.id, after: 0, limit: 2)
        #expect(all.map(\.id) == made.members.prefix(2).map(\.job) && all.allSatisfy { $0.outcome != nil })
        let rest = try await aggregation.memberJobs(of: made.group.id, after: 2, limit: 2)
        #expect(rest.map(\.id) == [made.members[2].job])
        let begun = try await withThrowingTaskGroup(of: JobID?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await aggregation.startAggregation(
                        of: made.group.id, specification: Fixture.specification("aggregator"), term: fixture.term)
                }
            }
            return try await group.reduce(into: Set<JobID?>()) { $0.insert($1) }
        }
        #expect(begun.count == 1, "once, by however many")
        let job = try #require(begun.first ?? nil)
        #expect(try await aggregation.groupsToAggregate(limit: 10).isEmpty)
        #expect(try await fixture.store.dispatch.submittedJobs(excluding: [], limit: 10).map(\.id) == [job])
        #expect(try await groups.members(of: [made.group.id], owner: fixture.user).count == 3, "it is no member")
        #expect(try await fixture.store.jobs.overviews(owner: fixture.user, before: nil, limit: 10).isEmpty)

        let outcome = AggregationOutcome.completed(zip)
        #expect(try await aggregation.endedAggregations(limit: 10).isEmpty)
        #expect(try await !aggregation.finishGroup(made.group.id, job: job, outcome: outcome, term: fixture.term))
        try await finish(job, fixture)
        #expect(try await state(made, fixture) == .pendingAggregation)
        let ended = try await aggregation.endedAggregations(limit: 10)
        #expect(ended.map(\.group.id) == [made.group.id] && ended.map(\.job.id) == [job])
        #expect(
            try await !aggregation.finishGroup(
                made.group.id, job: made.members[0].job, outcome: outcome, term: fixture.term))
        #expect(try await aggregation.finishGroup(made.group.id, job: job, outcome: outcome, term: fixture.term))
        #expect(try await !aggregation.finishGroup(made.group.id, job: job, outcome: outcome, term: fixture.term))
        let completed = try #require(try await groups.group(made.group.id, owner: fixture.user))
        #expect(completed.state == .completed && completed.result == zip && completed.finishedAt != nil)
        #expect(completed.failure == nil && completed.aggregation == job)
        #expect(try await aggregation.endedAggregations(limit: 10).isEmpty)
        #expect(try await !groups.cancelGroup(made.group.id, owner: fixture.user))
        #expect(try await fixture.store.jobs.mayRead(blob: zip.sha256, owner: fixture.user) == zip)
        await fixture.store.close()
    }

    @Test func theAggregatorsErrorIsTheGroups() async throws {
        let fixture = try await Fixture.make()
        let aggregation = fixture.store.aggregation
        let made = try await make(fixture, 1)
        try await start(made.members[0].job, fixture)
        try await finish(made.members[0].job, fixture)
        let job = try #require(
            try await aggregation.startAggregation(
                of: made.group.id, specification: Fixture.specification(), term: fixture.term))
        try await finish(job, fixture, exitStatus: 1)
        let error = AggregationOutcome.failed("ZeroDivisionError: division by zero\u{0}")
        #expect(try await aggregation.finishGroup(made.group.id, job: job, outcome: error, term: fixture.term))
        let failed = try #require(try await fixture.store.groups.group(made.group.id, owner: fixture.user))
        #expect(failed.state == .failed && failed.failure == "ZeroDivisionError: division by zero\u{FFFD}")
        await fixture.store.close()
    }

    @Test(arguments: ["exit status", "failure", "upload", "cancelled"])
    func aFailedMemberIsRetriedAlone(how: String) async throws {
        let fixture = try await Fixture.make()
        let groups = fixture.store.groups
        let made = try await make(fixture, 2)
        let (good, bad) = (made.members[0].job, made.members[1].job)
        try await start(good, fixture)
        await #expect(throws: GroupRefusal.notFailed) {
            try await groups.retry(bad, of: made.group.id, owner: fixture.user, idempotency: nil)
        }
        switch how {
        case "exit status":
            try await start(bad, fixture)
            try await finish(bad, fixture, exitStatus: 2)
        case "failure":
            try await start(bad, fixture)
            try await fixture.store.dispatch.failJob(bad, reason: "lost", term: fixture.term)
        case "upload":
            #expect(
                try await fixture.store.uploads.rejectUpload(of: bad, owner: fixture.user, reason: "no zip"))
        default: #expect(try await fixture.store.jobs.requestCancel(bad, owner: fixture.user))
        }
        #expect(try await state(made, fixture) == .running)
        try await finish(good, fixture)
        let failed = try #require(try await groups.group(made.group.id, owner: fixture.user))
        #expect(failed.state == .failed && failed.failure?.contains("1 of 2") == true)
        let ended = try await groups.members(of: [made.group.id], owner: fixture.user)
        #expect(ended.map(\.isUnsuccessful) == [false, true])
        await #expect(throws: GroupRefusal.notFailed) {
            try await groups.retry(good, of: made.group.id, owner: fixture.user, idempotency: nil)
        }

        let retried = try await groups.retry(bad, of: made.group.id, owner: fixture.user, idempotency: nil)
        guard case .performed(let member) = retried else { throw Timeout(what: "a retry") }
        #expect(member.ordinal == 2 && member.job != bad && member.state == .submitted)
        let awaitsUpload = how == "upload" || how == "cancelled"
        #expect(member.isReady == !awaitsUpload)
        #expect(member.archiveName == (awaitsUpload ? nil : "in.zip"))
        await #expect(throws: GroupRefusal.unknown, "the former job is no member any more") {
            try await groups.retry(bad, of: made.group.id, owner: fixture.user, idempotency: nil)
        }
        let running = try #require(try await groups.group(made.group.id, owner: fixture.user))
        #expect(running.state == .running && running.failure == nil && running.finishedAt == nil)
        if awaitsUpload { try await start(member.job, fixture) }
        try await finish(member.job, fixture)
        #expect(try await state(made, fixture) == .pendingAggregation)
        await fixture.store.close()
    }

    /// Each sees the others unfinished; one of them must still be the last.
    @Test func membersThatEndAtOnceMoveTheGroupOnce() async throws {
        let fixture = try await Fixture.make()
        let made = try await make(fixture, 24)
        var tokens: [LeaseToken] = []
        for member in made.members {
            try await start(member.job, fixture)
            tokens.append(try await run(member.job, fixture))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for token in tokens {
                group.addTask {
                    let verdict = try await fixture.store.dispatch.finish(
                        DriverResult(token: token, outcome: Fixture.outcome(), failure: nil), term: fixture.term)
                    #expect(verdict == .accepted)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await state(made, fixture) == .pendingAggregation)
        await fixture.store.close()
    }

    @Test(arguments: [false, true]) func aCancelledGroupEndsWithItsJobs(isAggregating: Bool) async throws {
        let fixture = try await Fixture.make()
        let groups = fixture.store.groups
        let made = try await make(fixture, 2)
        for member in made.members { try await start(member.job, fixture) }
        try await finish(made.members[0].job, fixture)
        var last = made.members[1].job
        if isAggregating {
            try await finish(last, fixture)
            last = try #require(
                try await fixture.store.aggregation.startAggregation(
                    of: made.group.id, specification: Fixture.specification(), term: fixture.term))
        }
        #expect(try await groups.cancelGroup(made.group.id, owner: fixture.user))
        #expect(try await !groups.cancelGroup(made.group.id, owner: fixture.user))
        let cancelled = try #require(try await groups.group(made.group.id, owner: fixture.user))
        #expect(cancelled.state == .failed && cancelled.isCancelled && cancelled.failure == "It was cancelled.")
        #expect(try await fixture.store.jobs.job(last, owner: fixture.user)?.state == .cancelled)
        #expect(try await fixture.store.jobs.job(made.members[0].job, owner: fixture.user)?.state == .completed)
        #expect(try await fixture.store.aggregation.endedAggregations(limit: 10).isEmpty)
        await #expect(throws: GroupRefusal.cancelled) {
            try await groups.retry(made.members[1].job, of: made.group.id, owner: fixture.user, idempotency: nil)
        }
        await fixture.store.close()
    }

    @Test func aGroupIsItsOwnersOnly() async throws {
        let fixture = try await Fixture.make()
        let groups = fixture.store.groups
        let other = try await fixture.store.accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        let made = try await make(fixture, 1)
        #expect(try await groups.group(made.group.id, owner: other) == nil)
        #expect(try await groups.ownerOfGroup(made.group.id) == fixture.user)
        #expect(try await groups.ownerOfGroup(JobGroupID(made.group.id.rawValue + 1)) == nil)
        #expect(try await groups.groups(owner: other, before: nil, limit: 10).isEmpty)
        #expect(try await groups.members(of: [made.group.id], owner: other).isEmpty)
        #expect(try await !groups.cancelGroup(made.group.id, owner: other))
        await #expect(throws: GroupRefusal.unknown) {
            try await groups.retry(made.members[0].job, of: made.group.id, owner: other, idempotency: nil)
        }
        #expect(try await fixture.store.jobs.mayRead(blob: aggregator.sha256, owner: other) == nil)
        #expect(try await fixture.store.jobs.mayRead(blob: aggregator.sha256, owner: fixture.user) == aggregator)
        #expect(try await state(made, fixture) == .submitted)
        await fixture.store.close()
    }

    @Test func groupsPageFromTheNewestAndAreMadeOnceAKey() async throws {
        let fixture = try await Fixture.make()
        let groups = fixture.store.groups
        let key = IdempotencyKey(
            owner: fixture.user, key: "k", operation: "POST /api/group/", digest: [UInt8](repeating: 1, count: 32))
        let once = Idempotency<GroupDetail>(key) { StoredAnswer(status: 201, body: Array("\($0.members.count)".utf8)) }
        let first = try await groups.createGroup(wanted(), owner: fixture.user, idempotency: once)
        guard case .performed(let made) = first else { throw Timeout(what: "a group") }
        let again = try await groups.createGroup(wanted(), owner: fixture.user, idempotency: once)
        guard case .replayed(let answer) = again else { throw Timeout(what: "a replay") }
        #expect(answer.body == Array("3".utf8))
        var ids = [made.group.id]
        for _ in 0..<3 { ids.append(try await make(fixture, 1).group.id) }
        let page = try await groups.groups(owner: fixture.user, before: nil, limit: 2)
        #expect(page.map(\.id) == [ids[3], ids[2]])
        #expect(try await groups.groups(owner: fixture.user, before: ids[2], limit: 9).map(\.id) == [ids[1], ids[0]])
        let members = try await groups.members(of: [ids[0], ids[3]], owner: fixture.user)
        #expect(members.map(\.group) == [ids[0], ids[0], ids[0], ids[3]])
        await fixture.store.close()
    }

    @Test func anOldTermEndsNoGroup() async throws {
        let fixture = try await Fixture.make()
        let made = try await make(fixture, 1)
        try await start(made.members[0].job, fixture)
        try await finish(made.members[0].job, fixture)
        let aggregation = fixture.store.aggregation
        let newest = try await fixture.store.dispatch.beginTerm()
        await #expect(throws: StoreError.fenced(term: newest)) {
            try await aggregation.startAggregation(
                of: made.group.id, specification: Fixture.specification(), term: fixture.term)
        }
        let job = try #require(
            try await aggregation.startAggregation(
                of: made.group.id, specification: Fixture.specification(), term: newest))
        await #expect(throws: StoreError.fenced(term: newest)) {
            try await aggregation.finishGroup(made.group.id, job: job, outcome: .failed("x"), term: fixture.term)
        }
        #expect(try await state(made, fixture) == .pendingAggregation)
        await fixture.store.close()
    }

    @Test func theEndOfAMemberWakesTheAggregatorLoop() async throws {
        let fixture = try await Fixture.make()
        let made = try await make(fixture, 1)
        try await start(made.members[0].job, fixture)
        let token = try await run(made.members[0].job, fixture)
        try await fixture.store.aggregation.waitForGroups(within: .milliseconds(200))
        let other = try await Store.open(StoreConfiguration(fixture.configuration, connections: 3))
        let woken = Task {
            while try await other.aggregation.groupsToAggregate(limit: 1).isEmpty {
                try await other.aggregation.waitForGroups(within: .seconds(30))
            }
        }
        let start = ContinuousClock.now
        _ = try await fixture.store.dispatch.finish(
            DriverResult(token: token, outcome: Fixture.outcome(), failure: nil), term: fixture.term)
        try await woken.value
        #expect(ContinuousClock.now - start < .seconds(10))
        await other.close()
        await fixture.store.close()
    }
}
