import Simulation
import Testing

/// The state machines in a world where everything goes wrong. A failing seed is printed with what led to it, and
/// replays with `make simulate SEED=…`.
@Suite struct SimulationTests {
    @Test(arguments: 0..<10) func fixedSeedsShowNoViolation(ten: Int) {
        for seed in UInt64(1 + ten * 20)...UInt64(20 + ten * 20) { check(seed) }
    }

    @Test func freshSeedsShowNoViolation() {
        let base = UInt64.random(in: 1_000_000..<1_000_000_000)
        print("fresh seeds from \(base)")
        for seed in base..<(base + 40) { check(seed) }
    }

    @Test func aSeedRunsTheSameWayEachTime() {
        for seed in UInt64(500)..<505 {
            let first = Simulation.run(seed: seed)
            let second = Simulation.run(seed: seed)
            #expect(first.steps == second.steps && first.time == second.time && first.results == second.results)
        }
    }

    /// Without it the simulator would prove nothing. `make mutants` looks for the others, which are rarer.
    @Test(arguments: [Mutant.acknowledgeBeforeCommit, .dropSpool, .neverResend, .duplicateIsFresh])
    func aPlantedFaultIsFound(mutant: Mutant) {
        let found = (UInt64(1)...200).first {
            Simulation.run(seed: $0, mutant: mutant, depth: Simulation.shallow).violation != nil
        }
        #expect(found != nil)
    }

    private func check(_ seed: UInt64) {
        let report = Simulation.run(seed: seed)
        if report.violation != nil { Issue.record("\(Simulation.describe(report))") }
    }
}
