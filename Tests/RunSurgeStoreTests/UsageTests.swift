import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct UsageTests {
    /// A job with a region, and a node of somebody else.
    private struct Scene {
        let fixture: Fixture
        let job: JobID
        let driver: LeaseToken
        let region: Region
        let contributor: UserID
        let node: NodeID

        static func make() async throws -> Scene {
            let fixture = try await Fixture.make()
            let (job, driver) = try await fixture.runningJob()
            let contributor = try await fixture.store.accounts.createUser(
                username: "c", email: "c@c", passwordHash: "h"
            ).id
            return Scene(
                fixture: fixture, job: job, driver: driver, region: try await fixture.openRegion(of: job),
                contributor: contributor,
                node: try await fixture.store.dispatch.attachNode(
                    name: "c", owner: contributor, slots: 1, memory: 1, term: fixture.term))
        }

        var usage: any UsageStore { fixture.store.usage }

        /// 100 MiB for so many seconds.
        func result(_ chunk: Int64, seconds: Int64, node: NodeID?, isMeasured: Bool = true) -> ChunkResult {
            let outcome = ChunkOutcome(
                index: chunk, status: .completed, records: 1, range: chunk..<chunk + 1, effects: .inline([1]),
                reason: "", variable: "", line: 0, wallMicroseconds: seconds * 1_000_000, cpuMicroseconds: 1,
                peakBytes: isMeasured ? 900 << 20 : 100 << 20, averageBytes: isMeasured ? 100 << 20 : 0)
            return ChunkResult(token: fixture.token(region, chunk), node: node, outcome: outcome)
        }

        func accept(_ results: [ChunkResult]) async throws -> [ResultVerdict] {
            try await fixture.store.dispatch.accept(results, term: fixture.term)
        }

        func finish() async throws {
            let measured = DriverUsage(node: node, activeMicroseconds: 30_000_000, averageBytes: 200 << 20)
            let verdict = try await fixture.store.dispatch.finish(
                DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil, usage: measured),
                term: fixture.term)
            #expect(verdict == .accepted)
        }

        func entries() async throws -> [UsageEntry] {
            try await usage.entries(of: .job(job), owner: fixture.user, before: nil, limit: 100)
        }
    }

    @Test func everyAcceptedResultIsChargedOnce() async throws {
        let scene = try await Scene.make()
        // In order, which is copied; with a repetition among them, which is looked at one by one.
        #expect(
            try await scene.accept([
                scene.result(0, seconds: 60, node: scene.node), scene.result(1, seconds: 30, node: scene.node),
                scene.result(2, seconds: 6, node: nil),
            ]) == [.accepted, .accepted, .accepted])
        #expect(
            try await scene.accept([
                scene.result(1, seconds: 30, node: scene.node), scene.result(3, seconds: 30, node: scene.node),
                scene.result(3, seconds: 30, node: scene.node),
                scene.result(4, seconds: 3, node: nil, isMeasured: false),
            ]) == [.duplicate, .accepted, .duplicate, .accepted])
        #expect(try await scene.accept([scene.result(0, seconds: 60, node: scene.node)]) == [.duplicate])
        let entries = try await scene.entries()
        #expect(entries.map(\.node).contains(nil) && entries.count == 2)
        let earned = try #require(entries.first { $0.node == scene.node })
        #expect(earned.amount == 2_000_000 && earned.chunks == 3 && earned.activeMicroseconds == 120_000_000)
        #expect(earned.averageBytes == 100 << 20 && earned.region == scene.region.id && !earned.isPaid)
        #expect(earned.firstAt < earned.lastAt)
        let other = try #require(entries.first { $0.node == nil })
        #expect(other.amount == 150_000 && other.chunks == 2, "what was not measured is charged by its peak")

        try await scene.finish()
        let driver = try #require(try await scene.entries().first { $0.region == nil })
        #expect(driver.amount == 1_000_000 && driver.averageBytes == 200 << 20 && driver.node == scene.node)
        let bill = try #require(try await scene.usage.bill(of: .job(scene.job), owner: scene.fixture.user))
        #expect(bill.amount == 3_150_000 && bill.entryCount == 3 && bill.isDue && bill.paidAt == nil)
        #expect(try await scene.usage.amounts(of: [scene.job], owner: scene.fixture.user) == [scene.job: 3_150_000])
        let earnings = try await scene.usage.earnings(ofNodesOf: scene.contributor)
        #expect(earnings == [scene.node: Earnings(paid: 0, pending: 3_000_000)])
        let statistics = try await scene.usage.statistics()
        #expect(statistics.earnings == 3_150_000 && statistics.chunks == 6 && statistics.jobs == 1)
        #expect(statistics.users == 2 && statistics.nodes == 2 && statistics.aliveNodes == 2 && statistics.groups == 0)
        await scene.fixture.store.close()
    }

    @Test func resultsThatAreSweptStayCharged() async throws {
        let scene = try await Scene.make()
        _ = try await scene.accept([scene.result(0, seconds: 60, node: scene.node)])
        try await scene.finish()
        while try await scene.fixture.store.sweep(limit: 1_000, grace: .zero) > 0 {}
        #expect(try await scene.usage.bill(of: .job(scene.job), owner: scene.fixture.user)?.amount == 2_000_000)
        await scene.fixture.store.close()
    }

    @Test func aNodesFactorCountsFromWhenItIsSet() async throws {
        let scene = try await Scene.make()
        _ = try await scene.accept([scene.result(0, seconds: 60, node: scene.node)])
        #expect(try await !scene.usage.setFactor(2_500, of: scene.node, owner: scene.fixture.user))
        #expect(try await scene.usage.setFactor(2_500, of: scene.node, owner: scene.contributor))
        _ = try await scene.accept([scene.result(1, seconds: 60, node: scene.node)])
        let page = try await scene.usage.entries(of: scene.node, owner: scene.contributor, before: nil, limit: 1)
        #expect(page.map(\.amount) == [2_500_000])
        let rest = try await scene.usage.entries(
            of: scene.node, owner: scene.contributor, before: page[0].id, limit: 9)
        #expect(rest.map(\.amount) == [1_000_000])
        await scene.fixture.store.close()
    }

    @Test func absurdMeasurementsStopNothing() async throws {
        let scene = try await Scene.make()
        for start in [0, 10] as [Int64] {
            let results = (start..<start + 3).map { chunk in
                let outcome = ChunkOutcome(
                    index: chunk, status: .completed, records: 1, range: 0..<1, effects: .inline([]), reason: "",
                    variable: "", line: 0, wallMicroseconds: .max, cpuMicroseconds: 0, peakBytes: .max)
                return ChunkResult(token: scene.fixture.token(scene.region, chunk), node: scene.node, outcome: outcome)
            }
            // The second time with a repetition, so that it goes the other way.
            let sent = start == 0 ? results : results + [results[0]]
            #expect(try await scene.accept(sent).prefix(3) == [.accepted, .accepted, .accepted])
        }
        let entry = try #require(try await scene.entries().first)
        #expect(entry.chunks == 6 && entry.activeMicroseconds == .max && entry.amount > 1_000_000_000_000)
        await scene.fixture.store.close()
    }

    @Test func aJobIsPaidForOnce() async throws {
        let scene = try await Scene.make()
        let (usage, owner, subject) = (scene.usage, scene.fixture.user, BillSubject.job(scene.job))
        _ = try await scene.accept([scene.result(0, seconds: 60, node: scene.node)])
        await #expect(throws: BillRefusal.notDue) {
            try await usage.settle(subject, owner: owner, idempotency: nil)
        }
        try await scene.finish()
        await #expect(throws: BillRefusal.unknown) {
            try await usage.settle(subject, owner: scene.contributor, idempotency: nil)
        }
        let paid = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (try? await usage.settle(subject, owner: owner, idempotency: nil)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(paid == 1)
        await #expect(throws: BillRefusal.alreadyPaid) {
            try await usage.settle(subject, owner: owner, idempotency: nil)
        }
        let bill = try #require(try await usage.bill(of: subject, owner: owner))
        #expect(bill.amount == 2_000_000 && bill.paidAt != nil)
        #expect(try await scene.entries().allSatisfy(\.isPaid))
        #expect(
            try await usage.earnings(ofNodesOf: scene.contributor)
                == [scene.node: Earnings(paid: 2_000_000, pending: 0)])
        await scene.fixture.store.close()
    }

    @Test func aPaymentIsRepeatedByItsKey() async throws {
        let scene = try await Scene.make()
        try await scene.finish()
        let key = IdempotencyKey(
            owner: scene.fixture.user, key: "k", operation: "POST /api/job/1/payment",
            digest: [UInt8](repeating: 1, count: 32))
        let once = Idempotency<Bill>(key) { StoredAnswer(status: 200, body: Array("\($0.amount)".utf8)) }
        for round in 0..<2 {
            let settled = try await scene.usage.settle(
                .job(scene.job), owner: scene.fixture.user, idempotency: once)
            switch settled {
            case .performed(let bill): #expect(round == 0 && bill.amount == 1_000_000 && bill.paidAt != nil)
            case .replayed(let answer): #expect(round == 1 && answer.body == Array("1000000".utf8))
            }
        }
        await scene.fixture.store.close()
    }

    @Test func aGroupIsPaidForAsAWhole() async throws {
        let fixture = try await Fixture.make()
        let (usage, owner) = (fixture.store.usage, fixture.user)
        let wanted = NewGroup(
            name: "g", draft: Fixture.specification(), scriptName: "s.py", aggregatorName: "a.py",
            aggregator: Fixture.blob(1), memberCount: 2)
        let created = try await fixture.store.groups.createGroup(wanted, owner: owner, idempotency: nil)
        guard case .performed(let made) = created else { throw Timeout(what: "a group") }
        for member in made.members {
            _ = try await fixture.store.uploads.addPiece(
                UploadPiece(index: 0, total: 1, blob: Fixture.blob(2), fileName: "z"), to: member.job, owner: owner,
                limit: 9, idempotency: nil)
            _ = try await fixture.store.uploads.start(
                member.job, specification: Fixture.specification(), owner: owner, idempotency: nil)
            try await fixture.store.dispatch.storePlan([], job: member.job, term: fixture.term)
            let token = fixture.driver(of: member.job, epoch: 1)
            try await fixture.store.dispatch.recordLeases(
                [LeaseRecord(token: token, node: NodeID(7))], term: fixture.term)
            let measured = DriverUsage(node: NodeID(7), activeMicroseconds: 60_000_000, averageBytes: 100 << 20)
            _ = try await fixture.store.dispatch.finish(
                DriverResult(
                    token: token, outcome: Fixture.outcome(exitStatus: Int32(member.ordinal - 1)), failure: nil,
                    usage: measured), term: fixture.term)
        }
        let group = BillSubject.group(made.group.id)
        #expect(try await usage.bill(of: .job(made.members[0].job), owner: owner) == nil)
        await #expect(throws: BillRefusal.unknown) {
            try await usage.settle(.job(made.members[0].job), owner: owner, idempotency: nil)
        }
        let amounts = try await usage.amounts(of: made.members.map(\.job), owner: owner)
        #expect(amounts.values.sorted() == [1_000_000, 1_000_000])
        let bills = try await usage.bills(of: [made.group.id], owner: owner)
        #expect(bills.map(\.amount) == [2_000_000] && bills.map(\.subject) == [group] && bills[0].isDue)
        _ = try await usage.settle(group, owner: owner, idempotency: nil)
        let bill = try #require(try await usage.bill(of: group, owner: owner))
        #expect(bill.amount == 2_000_000 && bill.paidAt != nil && bill.entryCount == 2)
        #expect(try await usage.entries(of: group, owner: owner, before: nil, limit: 9).allSatisfy(\.isPaid))
        await #expect(throws: GroupRefusal.paid) {
            try await fixture.store.groups.retry(
                made.members[1].job, of: made.group.id, owner: owner, idempotency: nil)
        }
        await fixture.store.close()
    }

    @Test func usageIsItsOwnersOnly() async throws {
        let scene = try await Scene.make()
        _ = try await scene.accept([scene.result(0, seconds: 60, node: scene.node)])
        let stranger = try await scene.fixture.store.accounts.createUser(
            username: "s", email: "s@s", passwordHash: "h"
        ).id
        #expect(try await scene.usage.entries(of: .job(scene.job), owner: stranger, before: nil, limit: 9).isEmpty)
        #expect(try await scene.usage.entries(of: scene.node, owner: stranger, before: nil, limit: 9).isEmpty)
        #expect(try await scene.usage.bill(of: .job(scene.job), owner: stranger) == nil)
        #expect(try await scene.usage.amounts(of: [scene.job], owner: stranger).isEmpty)
        #expect(try await scene.usage.earnings(ofNodesOf: scene.fixture.user).isEmpty, "the node is another's")
        await scene.fixture.store.close()
    }
}
