import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct JobTests {
    @Test func cancellingStopsEverythingOfTheJob() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let tokens = bench.pull(10, free: 2).tokens
        let effects = bench.step(.jobsCancelled([JobID(1)]))
        #expect(Set(effects.cancelled) == Set(tokens + [driver]))
        #expect(bench.machine.knownJobs.isEmpty)
        // A late result is the store's to refuse.
        #expect(bench.step(.results(10, [Bench.result(tokens[0])])).accepts.count == 1)
        #expect(bench.step(Bench.committed([Bench.result(tokens[0])], from: 10, .stale)).verdicts.count == 1)
    }

    @Test func aFinishedJobIsForgottenAfterTheStoreHasIt() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        let chunk = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(chunk)]))
        bench.step(Bench.committed([Bench.result(chunk)], from: 10))
        let ended = bench.step(.driverEnded(10, driver, .finished))
        guard case .finishJob(driver, 10, let summary)? = ended.first else {
            Issue.record("\(ended)")
            return
        }
        #expect(summary.loops[5]?.measuredPeak == 20 << 20)
        #expect(summary.loops[5]?.predictedPeak == 32 << 20)
        #expect(summary.loops[5]?.cpuMicroseconds == 100_000)
        #expect(bench.machine.knownJobs == [JobID(1)])
        let done = bench.step(.driverCommitted(driver, session: 10, .accepted))
        #expect(done.verdicts == [TokenVerdict(token: driver, verdict: .accepted)])
        #expect(bench.machine.knownJobs.isEmpty)
    }

    @Test func whatAnEarlierMasterAcceptedIsInTheSummary() throws {
        var bench = Bench()
        _ = bench.hello(10)
        let regions = [
            Bench.region(
                7, job: 1, chunks: 4, completed: [0], isClosed: true,
                spent: .init(peakBytes: 90 << 20, wallMicroseconds: .max, cpuMicroseconds: 5)),
            Bench.region(
                8, job: 1, chunks: 4, entry: 1, completed: [2],
                spent: .init(peakBytes: 70 << 20, wallMicroseconds: 3, cpuMicroseconds: 6)),
        ]
        bench.step(Bench.loaded(Bench.job(1, epoch: 1), regions: regions))
        let driver = try #require(bench.pull(10, free: 1).tokens.first { $0.key.isDriver })
        let ended = bench.step(.driverEnded(10, driver, .finished))
        guard case .finishJob(driver, 10, let summary)? = ended.first else {
            Issue.record("\(ended)")
            return
        }
        #expect(summary.loops[5]?.measuredPeak == 90 << 20)
        #expect(summary.loops[5]?.wallMicroseconds == .max)
        #expect(summary.loops[5]?.cpuMicroseconds == 11)
    }

    @Test func aLateOutcomeThatTheStoreTakesEndsTheJobEverywhere() throws {
        var bench = Bench()
        _ = bench.hello(10)
        bench.step(Bench.loaded(Bench.job(1)))
        let first = try #require(bench.pull(10, free: 1).tokens.first)
        _ = bench.pass(.seconds(31)) { [$0.pullEvent(10, free: 0)] }
        let second = try #require(bench.pull(10, free: 1).tokens.first)
        #expect(second.epoch == 2)
        #expect(
            bench.step(.driverEnded(10, first, .finished)).contains { if case .finishJob = $0 { true } else { false } })
        let effects = bench.step(.driverCommitted(first, session: 10, .accepted))
        #expect(effects.cancelled == [second])
        #expect(bench.machine.knownJobs.isEmpty)
    }

    @Test func aJobWaitsForAWorkerWithTheMemoryItAsksFor() throws {
        var bench = Bench()
        _ = bench.hello(10, memory: 4 << 30)
        bench.step(Bench.loaded(Bench.job(1, requiredMemory: 8 << 30)))
        bench.step(Bench.loaded(Bench.job(2)))
        #expect(bench.pull(10, free: 2).tokens.map(\.key.job) == [JobID(2)])
        _ = bench.hello(20, node: 2, memory: 8 << 30)
        let driver = try #require(bench.pull(20, free: 1, memory: 8 << 30).tokens.first)
        #expect(driver.key == .driver(of: JobID(1)))
    }

    @Test func usersShareByMemorySeconds() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(job: 1, owner: 1, region: 1, chunks: 10_000)
        _ = try bench.driverWithRegion(job: 2, owner: 2, region: 2, chunks: 10_000, session: 20)
        var seconds: [JobID: Double] = [:]
        var held: [LeaseToken] = []
        // The second user's chunks take three times as long.
        func length(of token: LeaseToken) -> Double { token.key.job == JobID(1) ? 1 : 3 }
        for _ in 0..<400 {
            let token = try bench.runNext(on: 10, held: &held, seconds: length)
            seconds[token.key.job, default: 0] += length(of: token)
        }
        let (first, second) = (seconds[JobID(1)] ?? 0, seconds[JobID(2)] ?? 0)
        #expect(abs(first - second) / max(first, second) < 0.1, "\(first) s and \(second) s")
    }

    @Test func whoComesLaterStartsLevel() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(job: 1, owner: 1, region: 1, chunks: 10_000)
        var held: [LeaseToken] = []
        for _ in 0..<100 { _ = try bench.runNext(on: 10, held: &held, seconds: { _ in 5 }) }
        _ = try bench.driverWithRegion(job: 2, owner: 2, region: 2, chunks: 10_000, session: 20)
        var jobs: [JobID] = []
        for _ in 0..<40 { jobs.append(try bench.runNext(on: 10, held: &held, seconds: { _ in 5 }).key.job) }
        #expect((15...25).contains(jobs.count { $0 == JobID(1) }), "\(jobs)")
    }

    @Test func whoUsedWhatNobodyElseWantedOwesNothingForIt() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(job: 1, owner: 1, region: 1, chunks: 100)
        var held: [LeaseToken] = []
        // Nothing of the first user waits while its driver computes by itself for long.
        bench.step(.regionClosed(10, driver: driver, RegionID(1), committed: 0))
        bench.step(.started(10, [driver]))
        _ = bench.pass(.seconds(60)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        #expect(bench.machine.usage(of: UserID(1)) > 59 * Double(2 << 30))
        let offer = Bench.offer(driver, request: 2)
        let key = try #require(bench.step(.regionRequested(10, offer)).openedRegions.first)
        _ = try bench.driverWithRegion(job: 2, owner: 2, region: 2, chunks: 100, session: 20)
        bench.step(.regionOpened(key, Bench.region(3, job: 1, chunks: 100)))
        var jobs: [JobID] = []
        for _ in 0..<40 { jobs.append(try bench.runNext(on: 10, held: &held).key.job) }
        #expect((15...25).contains(jobs.count { $0 == JobID(1) }), "\(jobs)")
    }

    @Test func aDriverThatWaitsForItsRegionCostsNothing() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let before = bench.machine.usage(of: UserID(1))
        _ = bench.pass(.seconds(60)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        #expect(bench.machine.usage(of: UserID(1)) == before)
        bench.step(.regionClosed(10, driver: driver, RegionID(1), committed: 0))
        bench.step(bench.pullEvent(10, free: 0, held: [driver]))
        #expect(bench.machine.usage(of: UserID(1)) == before)
    }

    @Test func aDriverCostsItsOwnerTheTimeThatItHasASlotFor() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let before = bench.machine.usage(of: UserID(1))
        func slotSeconds() -> Double { (bench.machine.usage(of: UserID(1)) - before) / Double(2 << 30) }
        bench.step(.regionClosed(10, driver: driver, RegionID(1), committed: 4))
        // In line for a slot, which chunks of others have.
        _ = bench.pass(.seconds(60)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        #expect(slotSeconds() == 0)
        bench.step(.started(10, [driver]))
        _ = bench.pass(.seconds(10)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        #expect(slotSeconds() == 10)
        // From its request on it waits again, as long as the store takes, and for the region itself.
        let key = try #require(bench.step(.regionRequested(10, Bench.offer(driver, request: 2))).openedRegions.first)
        _ = bench.pass(.seconds(60)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        bench.step(.regionOpened(key, Bench.region(2, job: 1, chunks: 4)))
        _ = bench.pass(.seconds(60)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        #expect(slotSeconds() == 10)
    }

    @Test func whoBringsADriverBackIsToldNothingOfItsSlotUntilItSaysSo() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let before = bench.machine.usage(of: UserID(1))
        _ = bench.hello(11, held: [driver])
        // It waits for the region: a worker names as begun all that it has, and what waits says so after that.
        bench.step(.started(11, [driver]))
        bench.step(.regionProgress(11, driver: driver, RegionID(1), committed: 0, windowBytes: 1 << 20))
        _ = bench.pass(.seconds(60)) { [$0.pullEvent(11, free: 0, held: [driver])] }
        #expect(bench.machine.usage(of: UserID(1)) == before)
    }

    @Test func whoLeavesAndComesBackKeepsItsDebt() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(job: 1, owner: 1, region: 1, chunks: 100)
        var held: [LeaseToken] = []
        for _ in 0..<4 { _ = try bench.runNext(on: 10, held: &held) }
        // The second user's only chunk turns out to have taken very long, and its job is over with it.
        let driver = try bench.driverWithRegion(job: 2, owner: 2, region: 2, chunks: 1, session: 20)
        _ = bench.hello(30)
        var own: [LeaseToken] = []
        var last: LeaseToken?
        for _ in 0..<1_000 where last?.key.job != JobID(2) {
            last = try bench.runNext(on: 30, held: &own) { $0.key.job == JobID(2) ? 1_000 : 0.1 }
        }
        try #require(last?.key.job == JobID(2), "its turn comes")
        bench.step(.driverEnded(20, driver, .finished))
        bench.step(.driverCommitted(driver, session: 20, .accepted))
        let (first, second) = (bench.machine.usage(of: UserID(1)), bench.machine.usage(of: UserID(2)))
        #expect(second > first + 90 * Double(2 << 30))
        bench.step(Bench.loaded(Bench.job(3, owner: 2)))
        #expect(bench.machine.usage(of: UserID(2)) == second)
    }

    @Test func withinOneUserPriorityThenAgeDecides() {
        var bench = Bench()
        for (id, priority) in [(1, 0), (2, 5), (3, 0), (4, -1)] {
            bench.step(Bench.loaded(Bench.job(Int64(id), priority: priority)))
        }
        _ = bench.hello(10, slots: 4)
        let order = (0..<4).flatMap { _ in bench.pull(10, free: 1).tokens.map(\.key.job.rawValue) }
        let all = order + bench.pull(10, free: 4).tokens.map(\.key.job.rawValue)
        #expect(all == [2, 1, 3, 4])
    }

    // MARK: A new master

    @Test func aNewMasterKeepsWhatWorkersStillHold() throws {
        var bench = Bench(term: 2)
        let stored = Bench.region(1, job: 1, chunks: 4, completed: [0], epochs: [0: 1, 1: 1, 2: 1])
        bench.step(Bench.loaded(Bench.job(1, state: .running, epoch: 1), regions: [stored]))
        let driver = LeaseToken(key: .driver(of: JobID(1)), term: 1, epoch: 1, session: 9)
        func chunk(_ index: Int64) -> LeaseToken {
            LeaseToken(
                key: WorkKey(job: JobID(1), region: RegionID(1), chunk: index), term: 1, epoch: 1, session: 9)
        }
        let effects = bench.hello(10, held: [driver, chunk(1), chunk(0)])
        #expect(effects.kept == [driver, chunk(1)])
        #expect(effects.refused == [chunk(0)], "its result is stored")
        // Chunk 2 was leased too, and may still come back; chunk 3 never was.
        let fresh = bench.pull(10, free: 3, held: [driver, chunk(1)]).tokens
        #expect(fresh.map(\.key.chunk) == [3])
        let held = [driver, chunk(1)] + fresh
        _ = bench.pass(.seconds(11)) { [$0.pullEvent(10, free: 0, held: held)] }
        let again = bench.pull(10, free: 1, held: held).tokens
        #expect(again.map(\.key.chunk) == [2])
        #expect(again.map(\.epoch) == [2])
        #expect(again.map(\.term) == [2])
    }

    @Test func aNewMasterStreamsOnFromWhatIsCommitted() throws {
        var bench = Bench(term: 2)
        let stored = Bench.region(1, job: 1, chunks: 3, completed: [0, 1], epochs: [0: 1, 1: 1])
        bench.step(Bench.loaded(Bench.job(1, state: .running, epoch: 1), regions: [stored]))
        let driver = LeaseToken(key: .driver(of: JobID(1)), term: 1, epoch: 1, session: 9)
        _ = bench.hello(10, held: [driver])
        let effects = bench.step(.regionProgress(10, driver: driver, RegionID(1), committed: 1, windowBytes: 1 << 20))
        #expect(effects.fetches == [1])
    }

    @Test func aDriverNobodyBringsBackIsStartedAgain() throws {
        var bench = Bench(term: 2)
        bench.step(Bench.loaded(Bench.job(1, state: .running, epoch: 3)))
        _ = bench.hello(10)
        #expect(bench.pull(10, free: 1).tokens.isEmpty)
        let effects = bench.pass(.seconds(11)) { [$0.pullEvent(10, free: 1)] }
        #expect(effects.released == [JobID(1)])
        #expect(effects.tokens.map(\.epoch) == [4])
    }

    @Test func nothingIsAssignedWhileStopping() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 4)
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.stopAssigning)
        #expect(bench.pull(10, free: 4, held: [token]).tokens.isEmpty)
        #expect(bench.step(.results(10, [Bench.result(token)])).accepts.count == 1)
    }
}
