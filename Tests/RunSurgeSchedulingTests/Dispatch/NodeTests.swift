import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct NodeTests {
    @Test func everyChangeOfANodeIsReported() throws {
        var bench = Bench()
        #expect(bench.hello(10).nodeChanges.map(\.state) == [.attached])
        #expect(bench.step(.unreachable(10)).nodeChanges.map(\.state) == [.unreachable])
        #expect(bench.pull(10, free: 1).nodeChanges.map(\.state) == [.attached])
        #expect(bench.step(.drain(10, reason: "maintenance")).nodeChanges.map(\.state) == [.draining])
        #expect(bench.step(.goodbye(10)).nodeChanges.map(\.state) == [.left])
        #expect(bench.machine.nodeStates(now: bench.now).isEmpty)
    }

    @Test func aSilentNodeIsDeadWithinTheTimeoutAndBackWithItsNextMessage() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 2)
        let held = [driver] + bench.pull(10, free: 1, held: [driver]).tokens
        #expect(bench.pass(.seconds(14)).nodeChanges.isEmpty)
        #expect(bench.pass(.seconds(2)).nodeChanges.map(\.state) == [.dead])
        let status = try #require(bench.machine.nodeStates(now: bench.now).first)
        #expect(status.state == .dead && status.leases == 2)
        #expect(status.oldestLease == .seconds(16))
        let back = bench.pull(10, free: 0, held: held)
        #expect(back.nodeChanges.map(\.state) == [.attached])
        #expect(back.cancelled.isEmpty)
    }

    @Test func aHeartbeatShowsLifeAndRenewsNothing() throws {
        var bench = Bench()
        _ = try bench.driverWithRegion(chunks: 1)
        _ = bench.pull(10, free: 1)
        let effects = bench.pass(.seconds(32)) { _ in [.heard(10)] }
        #expect(effects.nodeChanges.isEmpty)
        #expect(effects.losses.count == 2)
    }

    @Test func aDrainingNodeIsGivenNothingAndKeepsWhatRuns() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 8)
        let tokens = bench.pull(10, free: 1, prefetch: 2, held: [driver]).tokens
        #expect(bench.step(.drain(10, reason: "maintenance")).drained == [10])
        #expect(bench.pull(10, free: 2, prefetch: 4, held: [driver] + tokens).tokens.isEmpty)
        // What it has not begun comes back without a loss, and its result of what it has is taken.
        let effects = bench.step(.nack(10, tokens[1]), .nack(10, tokens[2]), .results(10, [Bench.result(tokens[0])]))
        #expect(effects.losses.isEmpty)
        #expect(effects.accepts.count == 1)
        _ = bench.hello(20, node: 2)
        #expect(bench.pull(20, free: 8).chunks.sorted() == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test func aRevokedNodeLosesItsLeasesAndNothingCounts() throws {
        var bench = Bench()
        let driver = try bench.driverWithRegion(chunks: 2)
        let tokens = bench.pull(10, free: 2, held: [driver]).tokens
        let effects = bench.step(.revoked(NodeID(1)))
        #expect(Set(effects.cancelled) == Set(tokens + [driver]))
        #expect(effects.losses.isEmpty)
        #expect(effects.nodeChanges.map(\.state) == [.left])
        // Nothing that it still says changes anything.
        let late = bench.step(
            .results(10, [Bench.result(tokens[0])]), .driverEnded(10, driver, .finished), bench.pullEvent(10, free: 2))
        #expect(late.isEmpty)
        _ = bench.hello(20, node: 2)
        #expect(bench.pull(20, free: 4).tokens.count == 3)
    }
}
