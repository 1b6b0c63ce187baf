import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct LeaseTests {
    @Test func aResultIsAcknowledgedOnlyAfterTheStoresVerdict() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion()
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        let effects = bench.step(.results(10, [Bench.result(token)]))
        #expect(effects.accepts.map { $0.map(\.token) } == [[token]])
        #expect(effects.verdicts.isEmpty)
        let verdicts = bench.step(Bench.committed([Bench.result(token)], from: 10)).verdicts
        #expect(verdicts == [TokenVerdict(token: token, verdict: .accepted)])
    }

    @Test func renewedLeasesLiveAndOthersExpireWithoutANewEpoch() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 2)
        let tokens = bench.pull(10, free: 2).tokens
        #expect(tokens.count == 2)
        // Only the first is renewed.
        let effects = bench.pass(.seconds(40)) { [$0.pullEvent(10, free: 0, held: [tokens[0]])] }
        #expect(effects.losses.map(\.token).filter { !$0.key.isDriver } == [tokens[1]])
        // The late result of the expired one is as good as any.
        let late = bench.step(.results(10, [Bench.result(tokens[1])]))
        #expect(late.accepts.flatMap { $0 }.map(\.token) == [tokens[1]])
    }

    @Test func theNextLeaseRaisesTheEpochAndTheLateResultIsTheStoresToJudge() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        let token = try #require(bench.pull(10, free: 1, held: [driver]).tokens.first)
        #expect(token.epoch == 1)
        _ = bench.pass(.seconds(31)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        _ = bench.hello(20, node: 2)
        let second = try #require(bench.pull(20, free: 1).tokens.first)
        #expect(second.epoch == 2)
        #expect(second.key == token.key)
        // Its verdict is stale: nothing changes, and the second lease stands.
        bench.step(.results(10, [Bench.result(token)]))
        let effects = bench.step(Bench.committed([Bench.result(token)], from: 10, .stale))
        #expect(effects.verdicts.map(\.verdict) == [.stale])
        #expect(bench.step(.results(20, [Bench.result(second)])).accepts.count == 1)
    }

    @Test func anAcceptedLateResultCancelsTheSecondAttempt() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        let token = try #require(bench.pull(10, free: 1, held: [driver]).tokens.first)
        _ = bench.pass(.seconds(31)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        _ = bench.hello(20, node: 2)
        let second = try #require(bench.pull(20, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(token)]))
        #expect(bench.step(Bench.committed([Bench.result(token)], from: 10)).cancelled == [second])
    }

    @Test func aWorkerThatStillHoldsAnExpiredLeaseGetsItBack() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        let token = try #require(bench.pull(10, free: 1, held: [driver]).tokens.first)
        _ = bench.pass(.seconds(31)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        #expect(bench.pull(10, free: 0, held: [driver, token]).cancelled.isEmpty)
        // It is leased again: nobody else gets it.
        _ = bench.hello(20, node: 2)
        #expect(bench.pull(20, free: 1).tokens.isEmpty)
    }

    @Test func aHeldLeaseThatSomebodyElseHasIsCancelled() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 1)
        let token = try #require(bench.pull(10, free: 1, held: [driver]).tokens.first)
        _ = bench.pass(.seconds(31)) { [$0.pullEvent(10, free: 0, held: [driver])] }
        _ = bench.hello(20, node: 2)
        #expect(bench.pull(20, free: 1).tokens.count == 1)
        #expect(bench.pull(10, free: 0, held: [driver, token]).cancelled == [token])
    }

    @Test func aStalledMasterExtendsLeases() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.pull(10, free: 1)
        let effects = bench.step(.tick, after: .seconds(300))
        #expect(effects.losses.isEmpty && effects.released.isEmpty)
    }

    @Test func aDuplicateIsAcknowledgedAsOne() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion()
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        bench.step(.results(10, [Bench.result(token)]))
        bench.step(Bench.committed([Bench.result(token)], from: 10))
        let again = bench.step(.results(10, [Bench.result(token)]))
        #expect(again.accepts.count == 1, "the store tells a duplicate from a stale one")
        let verdicts = bench.step(Bench.committed([Bench.result(token)], from: 10, .duplicate)).verdicts
        #expect(verdicts == [TokenVerdict(token: token, verdict: .duplicate)])
    }

    @Test func anUnreachableWorkersWorkMovesOnAfterTheGrace() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.pull(10, free: 1)
        bench.step(.unreachable(10))
        #expect(bench.pass(.seconds(4)).losses.isEmpty)
        let effects = bench.pass(.seconds(2))
        #expect(Set(effects.losses.map(\.cause)) == [.lost])
        #expect(effects.released == [JobID(1)])
    }

    @Test func aWorkerThatSaysGoodbyeCostsNoAttempt() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 2)
        _ = bench.pull(10, free: 2)
        let effects = bench.step(.goodbye(10))
        #expect(effects.losses.isEmpty)
        #expect(effects.released == [JobID(1)])
        _ = bench.hello(20, node: 2)
        let tokens = bench.pull(20, free: 3).tokens
        #expect(tokens.count == 3)
        #expect(tokens.allSatisfy { $0.epoch == 2 })
    }

    @Test func aRefusedAssignmentGoesToAnotherWorkerFirst() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        let token = try #require(bench.pull(10, free: 1).tokens.first)
        _ = bench.hello(20, node: 2)
        #expect(bench.step(.nack(10, token)).tokens.isEmpty)
        #expect(bench.pull(20, free: 1).tokens.map(\.key) == [token.key])
    }

    @Test func aReconnectedWorkerKeepsWhatItHolds() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 3)
        let tokens = bench.pull(10, free: 2, held: [driver]).tokens
        let effects = bench.hello(11, held: [driver, tokens[0]])
        #expect(effects.kept == [driver, tokens[0]])
        // What it did not bring along is dealt again.
        let again = bench.pull(11, free: 2, held: [driver, tokens[0]]).tokens
        #expect(again.map(\.key.chunk) == [1, 2])
        #expect(again.first?.epoch == 2)
        // The result under the old token is the lease in force.
        #expect(bench.step(.results(11, [Bench.result(tokens[0])])).accepts.count == 1)
    }
}
