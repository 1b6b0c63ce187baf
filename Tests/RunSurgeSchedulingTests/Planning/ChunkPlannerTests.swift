import RunSurgeCore
import RunSurgeScheduling
import Testing

@Suite struct ChunkPlannerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var units: Range<Int64> = 0..<1_000_000
        var seconds = 0.0
        var bytes = 0.0
        var environment: Int64 = 0
        var slots = 2
        var memory: Int64 = 1 << 30
        let chunks: ClosedRange<Int64>
    }

    static let cases = [
        Case(testDescription: "10 s on 2 slots: four a slot", seconds: 10e-6, chunks: 8...8),
        Case(testDescription: "100 s on 2 slots: none over 2 s", seconds: 100e-6, chunks: 50...50),
        Case(testDescription: "1 s on 2 slots: none under 0.2 s", seconds: 1e-6, chunks: 5...5),
        Case(testDescription: "0.1 s on 4 slots: one a slot", seconds: 0.1e-6, slots: 4, chunks: 4...4),
        Case(testDescription: "unknown cost: one a slot", slots: 3, chunks: 3...3),
        Case(testDescription: "one slot still makes two", slots: 1, chunks: 2...2),
        Case(testDescription: "fewer units than slots", units: 5..<8, slots: 16, chunks: 3...3),
        Case(testDescription: "one unit", units: 7..<8, chunks: 1...1),
        Case(
            testDescription: "memory cuts finer than cost", seconds: 10e-6, bytes: 10_000, memory: 1 << 30,
            chunks: 12...13),
        Case(testDescription: "no number is unknown", seconds: .nan, bytes: .infinity, chunks: 2...2),
        Case(testDescription: "negative is unknown", seconds: -1, bytes: -1, chunks: 2...2),
        Case(
            testDescription: "an environment beyond the slot does not shred the region", seconds: 10e-6, bytes: 1,
            environment: 2 << 30, chunks: 8...8),
        Case(
            testDescription: "never more than the limit", units: 0..<(1 << 40), seconds: 1,
            chunks: 9_900_000...Limits.chunksPerRegion),
    ]

    private func plan(_ test: Case) throws -> ChunkPlanner.Layout {
        try ChunkPlanner.plan(
            .init(
                units: test.units, secondsPerUnit: test.seconds, bytesPerUnit: test.bytes,
                environmentBytes: test.environment),
            on: .init(slots: test.slots, memoryPerSlot: test.memory, baseBytes: 16 << 20))
    }

    @Test(arguments: cases) func chunksFollowCostAndMemory(test: Case) throws {
        let layout = try plan(test)
        #expect(test.chunks.contains(layout.ranges.count), "\(layout)")
        #expect(layout.ranges[0].lowerBound == test.units.lowerBound)
        #expect(layout.ranges[layout.ranges.count - 1].upperBound == test.units.upperBound)
        #expect(layout.predictedPeak >= 16 << 20)
    }

    @Test func whatFitsIsPredictedToFit() throws {
        let layout = try plan(Case(testDescription: "", seconds: 1e-6, bytes: 100_000, chunks: 1...1))
        #expect(layout.predictedPeak <= 1 << 30)
        #expect(layout.ranges.count > 100)
    }

    @Test func forcedCutsAreTakenAsGiven() throws {
        let demand = ChunkPlanner.Demand(
            units: 10..<50, cuts: [10, 11, 40, 50], secondsPerUnit: 1, bytesPerUnit: 1_000)
        let layout = try ChunkPlanner.plan(
            demand, on: .init(slots: 8, memoryPerSlot: 1 << 30, baseBytes: 1_000_000))
        #expect(layout.ranges == .exact([10, 11, 40, 50]))
        #expect(layout.predictedPeak == 1_029_000)
        #expect(layout.predictedSeconds == 29)
    }

    @Test(arguments: [[10, 50, 60], [0, 50], [10, 20, 20, 50], [50, 10], [10]])
    func cutsThatDoNotCutTheUnitsAreRefused(cuts: [Int64]) {
        let demand = ChunkPlanner.Demand(units: 10..<50, cuts: cuts, secondsPerUnit: 1, bytesPerUnit: 1)
        #expect(throws: ChunkPlanner.Refusal.invalidCuts) {
            try ChunkPlanner.plan(demand, on: .init(slots: 2, memoryPerSlot: 1 << 30, baseBytes: 0))
        }
    }

    @Test func nothingIsNotSplit() {
        let demand = ChunkPlanner.Demand(units: 10..<10, secondsPerUnit: 1, bytesPerUnit: 1)
        #expect(throws: ChunkPlanner.Refusal.empty) {
            try ChunkPlanner.plan(demand, on: .init(slots: 2, memoryPerSlot: 1 << 30, baseBytes: 0))
        }
    }
}
