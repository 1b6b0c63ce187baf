import RunSurgeCore
import Testing

@testable import RunSurgeWorker

/// Results by columns, from a process and to a driver.
@Suite struct ResultsFrameTests {
    private static let good: [String: JSONValue] = [
        "t": .string("results"), "region": .integer(7), "index": .integer(4), "units": numbers([10, 20, 25]),
        "records": numbers([3, 2]), "wall_us": numbers([5, -1]), "cpu_us": numbers([4, 3]), "sizes": numbers([2, 1]),
        "peak_bytes": .integer(99),
    ]

    private static func numbers(_ values: [Int64]) -> JSONValue { .array(values.map(JSONValue.integer)) }

    @Test func columnsBecomeOutcomes() throws {
        let results = try #require(ResultsFrame(Frame(Self.good, body: [1, 2, 3])))
        #expect(results.region == 7)
        #expect(results.outcomes.map(\.index) == [4, 5])
        #expect(results.outcomes.map(\.range) == [10..<20, 20..<25])
        #expect(results.outcomes.map(\.records) == [3, 2])
        #expect(results.outcomes.map(\.effects) == [.inline([1, 2]), .inline([3])])
        #expect(results.outcomes.map(\.wallMicroseconds) == [5, 0])
        #expect(results.outcomes.allSatisfy { $0.status == .completed && $0.peakBytes == 99 })
    }

    @Test(
        arguments: [
            ("index", .integer(-1)), ("index", .integer(.max)), ("units", numbers([10, 20])),
            ("units", numbers([10, 5, 7])),
            ("records", numbers([])), ("wall_us", numbers([1])), ("cpu_us", .string("x")), ("sizes", numbers([2, 2])),
            ("sizes", numbers([4, -1])), ("region", .null),
        ] as [(String, JSONValue)])
    func columnsThatDoNotFitAreNoResults(name: String, value: JSONValue) {
        var head = Self.good
        head[name] = value
        #expect(ResultsFrame(Frame(head, body: [1, 2, 3])) == nil)
    }

    private func outcome(_ index: Int64, status: OutcomeStatus = .completed) -> ChunkOutcome {
        ChunkOutcome(
            index: index, status: status, records: 2, range: index..<index + 1, effects: .inline([9]), reason: "r",
            variable: "", line: 0, wallMicroseconds: 1, cpuMicroseconds: 1, peakBytes: 1)
    }

    @Test func aDriverGetsWhatWasNotCompletedInAFrameOfItsOwn() {
        var frame = RegionResultsFrame(region: RegionID(3))
        #expect(frame.takes(outcome(5)))
        frame.append(outcome(5), [9])
        #expect(frame.takes(outcome(6)))
        #expect(!frame.takes(outcome(7)), "a gap")
        #expect(!frame.takes(outcome(6, status: .raised)))
        #expect(frame.frame.head["index"]?.integer == 5)
        #expect(frame.frame.head["sizes"]?.items?.count == 1)
        var other = RegionResultsFrame(region: RegionID(3))
        other.append(outcome(6, status: .raised), [])
        #expect(other.frame.head["index"] == nil)
        #expect(other.frame.head["outcomes"]?.items?.first?["status"]?.integer == 3)
    }
}
