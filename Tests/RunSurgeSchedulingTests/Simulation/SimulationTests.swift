import Testing

@Suite struct SimulationTests {
    /// A failing seed is printed with its arguments, and replays.
    @Test(arguments: Array(UInt64(1)...6)) func withoutFaultsEverythingCompletes(seed: UInt64) {
        var simulation = DispatchSimulation(seed: seed, jobs: 4, workers: 3, faults: .init())
        #expect(simulation.run() == nil, "seed \(seed)")
    }

    @Test(arguments: Array(UInt64(100)...111)) func lostConnectionsLoseNothing(seed: UInt64) {
        var simulation = DispatchSimulation(
            seed: seed, jobs: 4, workers: 3, faults: .init(disconnects: 0.002, slowStore: 0.02))
        #expect(simulation.run() == nil, "seed \(seed)")
    }

    @Test(arguments: Array(UInt64(200)...211)) func killedWorkersLoseNothing(seed: UInt64) {
        var simulation = DispatchSimulation(
            seed: seed, jobs: 3, workers: 4, faults: .init(kills: 0.0003, slowStore: 0.02, until: 30_000))
        #expect(simulation.run() == nil, "seed \(seed)")
    }

    @Test(arguments: Array(UInt64(300)...311)) func crashedMastersLoseNothing(seed: UInt64) {
        var simulation = DispatchSimulation(
            seed: seed, jobs: 4, workers: 3,
            faults: .init(disconnects: 0.0005, masterCrashes: 0.0015, slowStore: 0.02))
        #expect(simulation.run() == nil, "seed \(seed)")
    }
}
