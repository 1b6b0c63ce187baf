import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct ThroughputTests {
    /// A fraction of what two busy cores reach with a debug build: it shows a statement gone wrong, not a slow machine.
    @Test func acceptsThousandsOfResultsASecond() async throws {
        let fixture = try await Fixture.make()
        let (job, _) = try await fixture.runningJob()
        let count: Int64 = 100_000
        let region = try await fixture.openRegion(of: job, ranges: .even(first: 0, last: count, step: 1))
        let node = try await fixture.store.dispatch.attachNode(
            name: "n", owner: nil, slots: 1, memory: 1, term: fixture.term)
        let clock = ContinuousClock()
        var leasing = Duration.zero
        var accepting = Duration.zero
        for start in stride(from: 0, to: count, by: 1000) {
            let tokens = (start..<start + 1000).map { fixture.token(region, $0) }
            leasing += try await clock.measure { try await fixture.lease(tokens, node: node) }
            let results = tokens.map {
                Fixture.result($0, node: node, effects: .inline([UInt8](repeating: 7, count: 100)))
            }
            accepting += try await clock.measure {
                let verdicts = try await fixture.store.dispatch.accept(results, term: fixture.term)
                #expect(verdicts.allSatisfy { $0 == .accepted })
            }
        }
        #expect(accepting < .seconds(20), "less than 5,000 results a second")
        #expect(leasing < .seconds(20), "less than 5,000 leases a second")
        let nodes = try await fixture.store.jobs.nodes(owner: nil)
        #expect(nodes.first { $0.id == node }?.completedChunks == count)
        await fixture.store.close()
    }
}
