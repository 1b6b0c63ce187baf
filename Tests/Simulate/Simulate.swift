import Foundation
import Simulation

/// `simulate SEEDS [FROM] [MUTANT]` runs so many seeds until one fails; `simulate seed SEED [MUTANT]` one, traced;
/// `simulate mutants` names the faults that can be planted around the machines;
/// `simulate survey SEEDS [FROM]` says of each seed that fails what is wrong, in a line.
@main
struct Simulate {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        func number(_ position: Int) -> UInt64? { position < words.count ? UInt64(words[position]) : nil }
        func mutant(_ position: Int) -> Mutant? {
            guard position < words.count else { return nil }
            guard let mutant = Mutant(rawValue: words[position]) else {
                print("there is no mutant \(words[position]), only \(Mutant.allCases.map(\.rawValue))")
                exit(2)
            }
            return mutant
        }
        if words.first == "mutants" {
            print(Mutant.allCases.map(\.rawValue).joined(separator: "\n"))
            exit(0)
        }
        if words.first == "seed", let seed = number(1) {
            let report = Simulation.run(seed: seed, mutant: mutant(2))
            print(Simulation.describe(report, mutant: mutant(2)))
            exit(report.violation == nil ? 0 : 1)
        }
        if words.first == "survey" {
            let first = number(2) ?? 1
            exit(survey(first..<(first + (number(1) ?? 1_000))) ? 0 : 1)
        }
        let first = number(1) ?? 1
        exit(runMany(first..<(first + (number(0) ?? 1_000)), mutant(2)) ? 0 : 1)
    }

    private static func survey(_ seeds: Range<UInt64>) -> Bool {
        var failures = 0
        for seed in seeds {
            guard let violation = Simulation.run(seed: seed, depth: Simulation.shallow).violation else { continue }
            failures += 1
            print("seed \(seed): \(violation.prefix(300))")
        }
        print("\(failures) of \(seeds.count) seeds fail")
        return failures == 0
    }

    private static func runMany(_ seeds: Range<UInt64>, _ mutant: Mutant?) -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        var steps = 0
        var results = 0
        for seed in seeds {
            let report = Simulation.run(seed: seed, mutant: mutant, depth: Simulation.shallow)
            steps += report.steps
            results += report.results
            guard report.violation == nil else {
                print(Simulation.describe(report, mutant: mutant, depth: Simulation.shallow))
                return false
            }
        }
        let seconds = (clock.now - start).components
        print("\(seeds.count) seeds from \(seeds.lowerBound): \(steps) steps, \(results) results,")
        print("no violation, in \(Double(seconds.seconds) + Double(seconds.attoseconds) / 1e18) s")
        return true
    }
}
