import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct StreamTests {
    private func finish(_ bench: inout Bench, _ tokens: [LeaseToken], bytes: Int = 10) -> [DispatchEffect] {
        let results = tokens.map { Bench.result($0, bytes: bytes) }
        bench.step(.results(10, results))
        return bench.step(Bench.committed(results, from: 10))
    }

    @Test func aDriverThatWaitsForARegionThatIsGoneStartsAgain() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        bench.step(.regionProgress(10, driver: driver, RegionID(99), committed: 0, windowBytes: 1_000))
        let again = bench.pull(10, free: 3).tokens.first { $0.key == driver.key }
        #expect(again?.epoch == driver.epoch + 1)
    }

    @Test func resultsReachTheDriverInOrder() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 4)
        let tokens = bench.pull(10, free: 4).tokens
        #expect(finish(&bench, [tokens[2], tokens[1]]).delivered.isEmpty)
        #expect(finish(&bench, [tokens[0]]).delivered.map(\.index) == [0, 1, 2])
        #expect(finish(&bench, [tokens[3]]).delivered.map(\.index) == [3])
    }

    @Test func aDriverThatSaysTheSameAgainIsSentWhatIsMissingAgain() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let progress = DispatchEvent.regionProgress(
            10, driver: driver, RegionID(1), committed: 0, windowBytes: 1 << 20)
        bench.step(progress)
        let tokens = bench.pull(10, free: 4).tokens
        let results = tokens.prefix(2).map { Bench.result($0) }
        #expect(finish(&bench, Array(tokens.prefix(2))).delivered.map(\.index) == [0, 1])
        // Nothing of it has arrived: it is read back, for it was not kept.
        #expect(bench.step(progress).fetches == [0])
        let again = bench.step(.resultsFetched(RegionID(1), from: 0, results.map(\.outcome)))
        #expect(again.delivered.map(\.index) == [0, 1])
        // It waits for what is not there yet, and nothing was lost.
        let further = DispatchEvent.regionProgress(
            10, driver: driver, RegionID(1), committed: 2, windowBytes: 1 << 20)
        bench.step(further)
        #expect(bench.step(further).isEmpty)
    }

    @Test func theDriversWindowHoldsThemBack() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 6)
        bench.step(.regionProgress(10, driver: driver, RegionID(1), committed: 0, windowBytes: 3_000))
        let tokens = bench.pull(10, free: 6).tokens
        #expect(finish(&bench, tokens, bytes: 1_000).delivered.map(\.index) == [0, 1])
        let more = bench.step(.regionProgress(10, driver: driver, RegionID(1), committed: 1, windowBytes: 3_000))
        #expect(more.delivered.map(\.index) == [2])
        // One passes however small the window.
        let last = bench.step(.regionProgress(10, driver: driver, RegionID(1), committed: 3, windowBytes: 0))
        #expect(last.delivered.map(\.index) == [3])
    }

    @Test func whatTheCacheCouldNotHoldIsReadBack() throws {
        var configuration = DispatchConfiguration()
        configuration.cachedResultBytes = 0
        var bench = Bench(configuration: configuration)
        _ = try bench.driverWithRegion(chunks: 2)
        let tokens = bench.pull(10, free: 2).tokens
        let effects = finish(&bench, tokens)
        #expect(effects.delivered.isEmpty)
        #expect(effects.fetches == [0])
        let outcomes = tokens.map { Bench.result($0).outcome }
        #expect(bench.step(.resultsFetched(RegionID(1), from: 0, outcomes)).delivered.map(\.index) == [0, 1])
    }

    @Test func aResultTheStoreDoesNotHaveIsComputedAgain() throws {
        var configuration = DispatchConfiguration()
        configuration.cachedResultBytes = 0
        var bench = Bench(configuration: configuration)
        _ = try bench.driverWithRegion(chunks: 1)
        _ = finish(&bench, bench.pull(10, free: 1).tokens)
        #expect(bench.step(.resultsFetched(RegionID(1), from: 0, [])).chunks == [0])
    }

    @Test(arguments: [OutcomeStatus.guardFailed, .raised]) func nothingIsComputedPastTheLoopsEnd(
        status: OutcomeStatus
    ) throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 10)
        let tokens = bench.pull(10, free: 3).tokens
        let result = Bench.result(tokens[1], status)
        bench.step(.results(10, [result]))
        let effects = bench.step(Bench.committed([result], from: 10))
        #expect(effects.cancelled.contains(tokens[2]))
        #expect(effects.cancelled.allSatisfy { $0.key.chunk > 1 })
        #expect(bench.pull(10, free: 3, held: [tokens[0]]).tokens.isEmpty)
        #expect(finish(&bench, [tokens[0]]).delivered.map(\.index) == [0, 1])
    }

    @Test func aClosedRegionCancelsWhatStillRuns() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let tokens = bench.pull(10, free: 2).tokens
        let effects = bench.step(.regionClosed(10, driver: driver, RegionID(1), committed: 2))
        #expect(Set(effects.cancelled) == Set(tokens))
        #expect(effects.contains { if case .closeRegion(RegionID(1), 2) = $0 { true } else { false } })
    }

    @Test(arguments: [false, true]) func whoAsksForTheNextRegionHasLeftTheLast(isReconnected: Bool) throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        let tokens = bench.pull(10, free: 2, held: [driver]).tokens
        bench.step(.regionProgress(10, driver: driver, RegionID(1), committed: 1, windowBytes: 1 << 20))
        // Word of its end is lost, perhaps with the connection.
        let session: SessionID = isReconnected ? 11 : 10
        if isReconnected { _ = bench.hello(11, held: [driver] + tokens) }
        let effects = bench.step(.regionRequested(session, Bench.offer(driver, request: 2, entry: 1)))
        #expect(Set(effects.cancelled) == Set(tokens))
        #expect(effects.closed == [RegionID(1)])
        let key = try #require(effects.openedRegions.first)
        bench.step(.regionOpened(key, Bench.region(2, job: 1, chunks: 4, entry: 1)))
        #expect(bench.machine.counts.readyChunks == 4)
    }

    @Test func anOldRequestThatComesAgainOpensNothing() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        // The same again, before its answer: the same region.
        let again = try #require(bench.step(.regionRequested(10, Bench.offer(driver))).openedRegions.first)
        let late = Bench.region(1, job: 1, chunks: 4)
        bench.step(.regionClosed(10, driver: driver, RegionID(1), committed: 4))
        #expect(bench.step(.regionOpened(again, late)).closed == [RegionID(1)])
        let key = try #require(
            bench.step(.regionRequested(10, Bench.offer(driver, request: 2, entry: 1))).openedRegions.first)
        bench.step(.regionOpened(key, Bench.region(2, job: 1, chunks: 4, entry: 1)))
        let effects = bench.step(.regionOpened(again, late))
        #expect(effects.closed == [RegionID(1)])
        #expect(effects.answers.isEmpty)
        #expect(bench.step(.regionRequested(10, Bench.offer(driver))).isEmpty)
        #expect(bench.machine.counts.readyChunks == 4)
    }

    @Test func aRequestRepeatedInANewSessionKeepsItsRegion() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 4)
        _ = bench.hello(11, held: [driver])
        let effects = bench.step(.regionRequested(11, Bench.offer(driver)))
        #expect(effects.closed.isEmpty)
        #expect(effects.openedRegions.count == 1)
    }

    @Test func aReconnectedDriverGetsAgainWhatItHasNotCommitted() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 3)
        let tokens = bench.pull(10, free: 3, held: [driver]).tokens
        #expect(finish(&bench, tokens).delivered.count == 3)
        #expect(bench.hello(11, held: [driver]).kept == [driver])
        let effects = bench.step(.regionProgress(11, driver: driver, RegionID(1), committed: 1, windowBytes: 1 << 20))
        #expect(effects.fetches == [1])
    }

    @Test func aJobThatMayNotBeSplitGetsNoRegion() throws {
        var bench = Bench()
        _ = bench.hello(10)
        bench.step(Bench.loaded(Bench.job(1, splitting: false)))
        let driver = try #require(bench.pull(10, free: 1).tokens.first)
        let effects = bench.step(.regionRequested(10, Bench.offer(driver)))
        #expect(effects.openedRegions.isEmpty)
        #expect(effects.answers.map(\.region) == [nil])
    }
}
