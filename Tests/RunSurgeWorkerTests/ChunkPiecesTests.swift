import RunSurgeCore
import Testing

@testable import RunSurgeWorker

/// How a chunk goes on after its process has run out of memory.
@Suite struct ChunkPiecesTests {
    private static let limit: Int64 = 100

    private func pieces(countsRecords: Bool = false) -> ChunkPieces {
        ChunkPieces(range: 1_000..<2_000, countsRecords: countsRecords)
    }

    private func outcome(_ range: Range<Int64>, records: Int64, peak: Int64 = 50) -> ChunkOutcome {
        ChunkOutcome(
            index: 3, status: .completed, records: records, range: range, effects: .inline([]), reason: "",
            variable: "", line: 0, wallMicroseconds: 10, cpuMicroseconds: 5, peakBytes: peak)
    }

    private func died(_ pieces: inout ChunkPieces, given: Int64, passed: Int64) -> ChunkPieces.Verdict {
        pieces.ranOut(ChunkPieces.Progress(given: given, passed: passed), limit: Self.limit, peak: 90)
    }

    @Test func whatThePieceGotOverGoesFirstThenTheRecordAlone() {
        var pieces = pieces()
        #expect(died(&pieces, given: 24, passed: 8) == .again)
        // One of sixteen records it was: they are looked at one by one.
        #expect(pieces.sizes == [8])
        #expect(pieces.command["sizes"] == .array([.integer(8)]))
        pieces.add(outcome(1_000..<1_080, records: 8), [1])
        #expect(pieces.position == 1_080)
        #expect(died(&pieces, given: 5, passed: 4) == .again)
        #expect(pieces.sizes == [4, 1])
        pieces.add(outcome(1_080..<1_120, records: 4), [2])
        #expect(pieces.sizes == [1])
        pieces.add(outcome(1_120..<1_130, records: 1), [3])
        #expect(pieces.sizes == [])
        #expect(pieces.command["most"] == .null)
    }

    @Test func aRecordThatNeedsAProcessOfItsOwnGetsOneBeforeItIsGivenUp() {
        var pieces = pieces()
        #expect(died(&pieces, given: 3, passed: 2) == .again)
        #expect(pieces.sizes == [2, 1])
        pieces.add(outcome(1_000..<1_020, records: 2), [])
        pieces.suspect(1_020..<1_030)
        #expect(died(&pieces, given: 1, passed: 0) == .again)
        #expect(pieces.sizes == [1])
        pieces.suspect(1_020..<1_030)
        guard case .failed(let reason, let range) = died(&pieces, given: 1, passed: 0) else {
            Issue.record("it is not given up")
            return
        }
        #expect(range == 1_020..<1_030)
        #expect(reason.contains("one record alone needs more than 100 bytes"))
        #expect(pieces.peakBytes == 100)
    }

    @Test func effectsThatAreTooLargeAreHalved() {
        var pieces = pieces()
        _ = died(&pieces, given: 64, passed: 63)
        #expect(pieces.sizes == [63, 1])
        #expect(died(&pieces, given: 63, passed: 63) == .again)
        #expect(pieces.sizes == [])
        #expect(pieces.most == 31)
        #expect(died(&pieces, given: 31, passed: 31) == .again)
        #expect(pieces.most == 15)
    }

    @Test func recordsThatCannotEvenBeReadAreHalved() {
        var counted = pieces(countsRecords: true)
        #expect(died(&counted, given: 0, passed: 0) == .again)
        #expect(counted.most == 500)
        var lines = pieces()
        #expect(died(&lines, given: 0, passed: 0) == .again)
        #expect(lines.most == 2)
        #expect(died(&lines, given: 0, passed: 0) == .again)
        #expect(lines.most == 1)
        guard case .failed(_, let range) = died(&lines, given: 0, passed: 0) else {
            Issue.record("it is not given up")
            return
        }
        #expect(range == 1_000..<2_000)
    }

    @Test func theNumberOfProcessesIsBounded() {
        var pieces = pieces()
        var restarts = 0
        while pieces.moved() == .again { restarts += 1 }
        #expect(restarts == Limits.chunkRestarts)
    }

    @Test func piecesAreJoinedInOrderWithTheirEnds() throws {
        var pieces = pieces()
        pieces.add(outcome(1_004..<1_300, records: 7, peak: 80), [1, 2])
        let joined = pieces.joined(with: outcome(1_300..<2_003, records: 9), [3])
        var expected: [UInt8] = Array("s".utf8)
        expected += [2, 0, 0, 0] + [0x14, 5, 0, 0, 0, 0, 0, 0] + [7, 0, 0, 0, 0, 0, 0, 0] + [1, 2]
        expected += [1, 0, 0, 0] + [0xd3, 7, 0, 0, 0, 0, 0, 0] + [9, 0, 0, 0, 0, 0, 0, 0] + [3]
        #expect(joined.effects == .inline(expected))
        #expect(joined.range == 1_004..<2_003)
        #expect(joined.records == 16)
        #expect(joined.parts == 2)
        #expect(joined.peakBytes == 80)
        #expect(joined.wallMicroseconds == 20)
    }

    @Test func aPieceThatFailsIsTheChunksFailure() {
        var pieces = pieces()
        pieces.add(outcome(1_000..<1_300, records: 7), [1])
        let failed = ChunkOutcome.failure(.raised, index: 3, range: 1_300..<2_000, reason: "ValueError is raised")
        let joined = pieces.joined(with: failed, [])
        #expect(joined.status == .raised)
        #expect(joined.range == 1_000..<2_000)
        #expect(joined.records == 0)
        #expect(joined.effects == .inline([]))
    }
}
