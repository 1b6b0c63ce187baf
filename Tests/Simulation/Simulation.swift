/// One run of the real state machines against a virtual world.
public enum Simulation {
    /// The depth of long series: whoever breaks an invariant seldom mends it at the next step.
    public static let shallow = 16

    public struct Report: Sendable {
        public let seed: UInt64
        /// What was wrong; nil when nothing was.
        public let violation: String?
        /// Virtual, in microseconds.
        public let time: Int64
        /// Things that happened.
        public let steps: Int
        /// Results stored.
        public let results: Int
        /// The last that happened, of a run that is traced.
        public let trace: [String]
    }

    /// - Parameter depth: the machines are looked through at every so manieth step; 1: at every one.
    public static func run(
        seed: UInt64, mutant: Mutant? = nil, depth: Int = 1, isTraced: Bool = false
    ) -> Report {
        let world = World(seed: seed, mutant: mutant, depth: depth, isTracing: isTraced)
        world.run()
        return Report(
            seed: seed, violation: world.violation, time: world.now, steps: world.steps, results: world.store.rows,
            trace: world.trace.suffix(50))
    }

    /// What is printed of a seed that failed: it is run once more, and traced.
    public static func describe(_ report: Report, mutant: Mutant? = nil, depth: Int = 1) -> String {
        let again = run(seed: report.seed, mutant: mutant, depth: depth, isTraced: true)
        let head = "seed \(report.seed) at \(World.clock(report.time)): \(report.violation ?? "nothing is wrong")"
        let isSame = again.violation == report.violation && again.time == report.time
        return
            ([head] + again.trace.map { "    \($0)" }
            + (isSame ? [] : ["the second run ended otherwise: \(again.violation ?? "nothing is wrong")"])
            + ["replay it with: make simulate SEED=\(report.seed)"]).joined(separator: "\n")
    }
}
