import Foundation
import RunSurgeCore
import RunSurgeProtocol
import Testing

/// What travels as runs: leases, the work of chunks, outcomes.
@Suite struct RunTests {
    private func token(_ chunk: Int64, region: Int64 = 2, epoch: Int64 = 1) -> LeaseToken {
        LeaseToken(
            key: WorkKey(job: JobID(1), region: RegionID(region), chunk: chunk), term: 3, epoch: epoch, session: 4)
    }

    private func outcome(_ index: Int64, _ range: Range<Int64>, bytes: Int = 3) -> ChunkOutcome {
        ChunkOutcome(
            index: index, status: .completed, records: index, range: range,
            effects: .inline([UInt8](repeating: UInt8(index), count: bytes)), reason: "", variable: "", line: 0,
            wallMicroseconds: 5, cpuMicroseconds: 6, peakBytes: 7)
    }

    @Test func leasesThatDifferInMoreThanTheChunkAreRunsOfTheirOwn() throws {
        let driver = LeaseToken(key: .driver(of: JobID(1)), term: 3, epoch: 1, session: 4)
        let tokens = [token(0), token(1), token(2), token(4), token(5, epoch: 2), token(6, region: 9), driver, driver]
        let runs = LeaseToken.wireRuns(of: tokens)
        #expect(runs.map(\.count) == [3, 0, 0, 0, 0, 0])
        #expect(try LeaseToken.expanding(runs) == tokens)
        #expect(LeaseToken.wireRuns(of: []).isEmpty)
    }

    @Test(arguments: [Int64(-1), Limits.leasesNamed + 1, .max, .min])
    func aRunOfAbsurdLengthIsRefused(count: Int64) {
        var wire = token(0).wire
        wire.count = count
        #expect(throws: ProtocolError.self) { try LeaseToken.expanding([wire]) }
        wire.count = Limits.leasesNamed
        #expect(throws: ProtocolError.self, "two of them") { try LeaseToken.expanding([wire, wire]) }
        wire.chunkIndex = .max - 1
        #expect(throws: ProtocolError.self, "past the last number") { try LeaseToken.expanding([wire]) }
    }

    @Test(
        arguments: [
            [0..<10], [0..<10, 10..<20, 20..<25], [0..<1, 1..<5, 5..<6], [0..<5, 5..<15], [3..<3, 3..<4],
            [0..<2, 2..<2],
        ] as [[Range<Int64>]])
    func theUnitsOfChunksComeBack(ranges: [Range<Int64>]) throws {
        #expect(try WireChunkWork(ranges).ranges(count: Int64(ranges.count)) == ranges)
    }

    @Test func unitsThatDoNotFitTheChunksAreRefused() {
        var work = WireChunkWork([0..<10, 10..<20])
        #expect(throws: ProtocolError.self) { try work.ranges(count: 1 << 40) }
        work.step = .max
        #expect(throws: ProtocolError.self) { try work.ranges(count: 4) }
        work.step = 0
        #expect(throws: ProtocolError.self) { try work.ranges(count: 2) }
        work.cuts = [30]
        #expect(throws: ProtocolError.self) { try work.ranges(count: 2) }
    }

    @Test func outcomesComeBackInTheOrderOfTheirChunks() throws {
        let odd = ChunkOutcome(
            index: 2, status: .guardFailed, records: 0, range: 20..<20, effects: .inline([]), reason: "r",
            variable: "v", line: 3, wallMicroseconds: 1, cpuMicroseconds: 1, peakBytes: 1)
        let all = [outcome(0, 0..<9), outcome(1, 9..<20, bytes: 0), odd, outcome(3, 20..<30), outcome(4, 31..<40)]
        var wire = WireRegionResults()
        let columns = OutcomeRuns(all)
        (wire.runs, wire.outcomes) = (columns.runs, columns.others)
        #expect(wire.runs.map(\.count) == [2, 1, 1])
        #expect(try wire.allOutcomes == all)
    }

    @Test func resultsComeBackWithTheirLeases() throws {
        var batch = WireResultBatch()
        for index in [Int64(0), 1, 2] { batch.append(outcome(index, index..<index + 1), token: token(index)) }
        batch.append(outcome(3, 3..<4), token: token(3, epoch: 2))
        #expect(batch.resultCount == 4)
        #expect(batch.runs.map(\.lease.count) == [3, 1])
        let results = try batch.runs.flatMap { try $0.results }
        #expect(results.map(\.token) == [token(0), token(1), token(2), token(3, epoch: 2)])
        #expect(results.map(\.outcome.index) == [0, 1, 2, 3])
    }

    @Test func columnsThatDoNotFitEachOtherAreRefused() throws {
        let good = WireOutcomeRun(outcome(1, 0..<9))
        #expect(try good.outcomes.count == 1)
        let breaks: [(inout WireOutcomeRun) -> Void] = [
            { $0.records = [] }, { $0.records = [-1] }, { $0.units = [0] }, { $0.units = [9, 0] },
            { $0.wallMicroseconds = [] }, { $0.cpuMicroseconds = [1, 2] }, { $0.peakBytes = [] },
            { $0.effectSizes = [4] }, { $0.effectSizes = [-1] }, { $0.effectSizes = [] }, { $0.effects = Data() },
            { $0.firstChunk = -1 }, { $0.firstChunk = .max },
        ]
        for (number, spoil) in breaks.enumerated() {
            var bad = good
            spoil(&bad)
            #expect(throws: ProtocolError.self, "break \(number)") { try bad.outcomes }
        }
        var run = WireResultRun()
        run.lease = token(1).wire
        run.outcomes = good
        #expect(try run.results.count == 1)
        run.lease.count = 2
        #expect(throws: ProtocolError.self) { try run.results }
        run.lease = token(0).wire
        #expect(throws: ProtocolError.self) { try run.results }
    }
}
