import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct CreditTests {
    @Test func noChunksQueueUpBeforeADriverOfWhoHasUsedLess() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(job: 1, owner: 2, region: 1, chunks: 1_000)
        var held = [driver] + bench.pull(10, free: 2, prefetch: 4, held: [driver]).tokens
        #expect(held.count == 7)
        bench.step(Bench.loaded(Bench.job(2, owner: 1)))
        // As long as a chunk waits for the next slot that becomes free, none is offered.
        let results = held[1...4].map { Bench.result($0, seconds: 10) }
        bench.step(.results(10, results))
        bench.step(Bench.committed(results, from: 10))
        held.removeSubrange(1...4)
        #expect(bench.pull(10, free: 0, prefetch: 2, held: held).tokens.isEmpty)
        _ = bench.hello(20, node: 2)
        let second = bench.pull(20, free: 1, prefetch: 4)
        #expect(second.assigned(to: 20).first?.token.key == .driver(of: JobID(2)))
        // It has its slot: the queues fill up again, everywhere.
        #expect(second.assigned(to: 10).count == 2)
        #expect(second.assigned(to: 20).count == 5)
    }

    @Test func aDriverThatIsCancelledHoldsNobodyBack() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(job: 1, owner: 2, region: 1, chunks: 1_000)
        let held = [driver] + bench.pull(10, free: 2, prefetch: 0, held: [driver]).tokens
        bench.step(Bench.loaded(Bench.job(2, owner: 1)))
        #expect(bench.pull(10, free: 0, prefetch: 4, held: held).tokens.isEmpty)
        #expect(bench.step(.jobsCancelled([JobID(2)])).tokens.count == 4)
    }

    @Test func aDriverThatMayNotRunHereHoldsNothingBackHere() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(job: 1, owner: 2, region: 1, chunks: 1_000)
        let held = [driver] + bench.pull(10, free: 2, prefetch: 0, held: [driver]).tokens
        _ = bench.hello(20, node: 2, modules: ["numpy"])
        bench.step(Bench.loaded(Bench.job(2, owner: 1), modules: ["numpy"]))
        #expect(bench.pull(10, free: 0, prefetch: 4, held: held).tokens.count == 4)
    }

    @Test func nothingIsAssignedBeyondTheCredit() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 100)
        let first = bench.pull(10, free: 2, prefetch: 3).tokens
        #expect(first.count == 5)
        // The same credit again, sent before the assignment arrived: what is in flight uses it up.
        #expect(bench.pull(10, free: 2, prefetch: 3).tokens.isEmpty)
        // Now it holds them and could take three more.
        #expect(bench.pull(10, free: 0, prefetch: 3, held: first).tokens.count == 3)
    }

    @Test func anOlderPullIsIgnored() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 100)
        let late = bench.pullEvent(10, free: 2, prefetch: 50)
        #expect(bench.pull(10, free: 1).tokens.count == 1)
        #expect(bench.step(late).tokens.isEmpty)
    }

    @Test func aRepeatedGreetingGivesNoCredit() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 100)
        let tokens = bench.pull(10, free: 2, held: [driver]).tokens
        #expect(tokens.count == 2)
        let effects = bench.hello(10, held: [driver] + tokens)
        #expect(effects.kept == [driver] + tokens)
        #expect(effects.tokens.isEmpty)
        #expect(bench.pull(10, free: 0, prefetch: 1, held: [driver] + tokens).tokens.count == 1)
    }

    @Test func aResultThatComesBeforeItsPullFreesWhatItUsed() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 100)
        let first = bench.pull(10, free: 1).tokens
        #expect(bench.step(.results(10, [Bench.result(first[0])])).tokens.count == 1)
        #expect(bench.step(.tick).tokens.isEmpty)
    }

    @Test func aCancelledAssignmentGivesNoCreditUntilTheNextPull() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 100)
        #expect(bench.pull(10, free: 1).chunks == [0])
        bench.step(.regionClosed(10, driver: driver, RegionID(1), committed: 0))
        _ = bench.step(Bench.loaded(Bench.job(2)))
        #expect(bench.step(.tick).tokens.isEmpty)
        #expect(bench.pull(10, free: 1).tokens.map(\.key) == [.driver(of: JobID(2))])
    }

    @Test func freeSlotsEverywhereComeBeforeDeepQueuesAnywhere() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 8)
        _ = bench.hello(20, node: 2)
        let effects = bench.step(
            bench.pullEvent(10, free: 2, prefetch: 12), bench.pullEvent(20, free: 2, prefetch: 12))
        let (left, right) = (effects.assigned(to: 10).count, effects.assigned(to: 20).count)
        #expect(left >= 2 && right >= 2, "\(left) and \(right)")
        #expect(abs(left - right) <= 1, "\(left) and \(right)")
    }

    @Test func aQueueIsWorthAMessageOfSomeMilliseconds() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 100)
        _ = bench.hello(20, node: 2)
        let effects = bench.step(
            bench.pullEvent(10, free: 1, prefetch: 600), bench.pullEvent(20, free: 1, prefetch: 600))
        // A twelfth of what is asked for, where an even share of what is left would be less.
        #expect(effects.assigned(to: 10).count == 51)
        #expect(effects.assigned(to: 20).count == 49)
    }

    @Test func driversTakeFreeSlotsOnly() {
        var bench = Bench()
        _ = bench.hello(10)
        for id in 1...3 { bench.step(Bench.loaded(Bench.job(Int64(id)))) }
        #expect(bench.pull(10, free: 2, prefetch: 10).tokens.count == 2)
    }

    @Test func aChunkLargerThanASlotsShareNeedsMemoryThatIsFreeNow() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 8, peak: 3 << 30)
        #expect(bench.pull(10, free: 2, prefetch: 4, memory: 2 << 30).tokens.isEmpty)
        let assigned = bench.pull(10, free: 2, prefetch: 4, memory: 4 << 30).assigned
        #expect(assigned.map(\.memory) == [3 << 30], "one fits, and none is queued")
    }

    @Test func aLongAssignmentGoesToAWorkerOnceWithItsContext() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1_000)
        let effects = bench.pull(10, free: 2, prefetch: 600)
        guard case .assign(_, let items, let contexts)? = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(items.count == 602)
        #expect(contexts.map(\.region.id) == [RegionID(1)])
        let more = bench.pull(10, free: 0, prefetch: 10, held: items.map(\.token))
        guard case .assign(_, _, let again)? = more.first else {
            Issue.record("\(more)")
            return
        }
        #expect(again.isEmpty)
    }
}
