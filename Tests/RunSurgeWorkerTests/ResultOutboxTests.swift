import Foundation
import RunSurgeCore
import RunSurgeProtocol
import RunSurgeScheduling
import Testing

@testable import RunSurgeWorker

@Suite struct ResultOutboxTests {
    private var outbox = ResultOutbox()
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func key(_ index: Int64) -> WorkKey { WorkKey(job: JobID(1), region: RegionID(2), chunk: index) }

    private func token(_ index: Int64) -> LeaseToken {
        LeaseToken(key: key(index), term: 1, epoch: 1, session: 1)
    }

    private func outcome(_ index: Int64, bytes: Int = 10) -> ResultOutbox.Outcome {
        .chunk(
            ChunkOutcome(
                index: index, status: .completed, records: 1, range: index..<index + 1,
                effects: .inline([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bytes)), reason: "",
                variable: "", line: 0, wallMicroseconds: 1, cpuMicroseconds: 1, peakBytes: 1))
    }

    private mutating func add(_ indices: some Sequence<Int64>, bytes: Int = 10) throws {
        for index in indices { outbox.add(outcome(index, bytes: bytes), token(index)) }
        outbox.ready(outbox.takeUnspooled())
    }

    private mutating func indices(at time: MonotonicTime) -> [[Int64]] {
        var all: [[Int64]] = []
        while let batch = outbox.nextBatch(session: 1, now: time) { all.append(batch.readable.map(\.token.key.chunk)) }
        return all
    }

    @Test mutating func keepsToTheBoundsOfABatch() throws {
        try add(0..<2_500)
        #expect(indices(at: start).map(\.count) == [1_000, 1_000, 500])
        try add(3_000..<3_010, bytes: 250 << 10)
        let large = indices(at: start + .seconds(1))
        #expect(large.allSatisfy { $0.count <= 4 })
        #expect(large.flatMap { $0 } == Array(3_000..<3_010))
    }

    @Test mutating func aResultIsNotSentBeforeItIsInTheSpool() throws {
        outbox.add(outcome(5), token(5))
        #expect(indices(at: start).isEmpty)
        outbox.resendAll()
        #expect(indices(at: start).isEmpty, "a new session changes nothing about that")
        outbox.ready(outbox.takeUnspooled())
        #expect(indices(at: start) == [[5]])
    }

    @Test mutating func sendsAgainWhatIsNotAcknowledgedInTime() throws {
        try add(0..<3)
        _ = indices(at: start)
        _ = outbox.remove([key(1)])
        outbox.resend(sentBefore: start)
        #expect(indices(at: start + .seconds(1)).isEmpty)
        outbox.resend(sentBefore: start + .seconds(6))
        #expect(indices(at: start + .seconds(6)) == [[0, 2]])
    }

    @Test mutating func aNewSessionGetsEverythingInOrderUnderTheNewToken() throws {
        try add([2, 0, 1])
        _ = indices(at: start)
        outbox.rename(LeaseToken(key: key(0), term: 9, epoch: 1, session: 8))
        outbox.resendAll()
        let next = outbox.nextBatch(session: 8, now: start + .seconds(1))
        let batch = try #require(next)
        #expect(batch.session == 8)
        #expect(batch.readable.map(\.token.key.chunk) == [2, 0, 1])
        #expect(batch.readable[1].token.term == 9)
    }

    @Test mutating func countsItsBytesAndSaysWhenItIsFull() throws {
        try add(0..<300, bytes: 512 << 10)
        #expect(outbox.isCongested)
        let all = (Int64(0)..<300).map { key($0) }
        _ = outbox.remove(all)
        #expect(outbox.bytes == 0)
        #expect(!outbox.isCongested)
    }

    @Test mutating func neighboursTravelAndAreSpooledAsOneRun() throws {
        for index in [Int64(4), 5, 6, 9] { outbox.add(outcome(index), token(index)) }
        let records = try outbox.records(of: outbox.takeUnspooled())
        #expect(records.map(\.numbers) == [[1, 2, 3, 4]])
        let batch = try WireResultBatch(serializedBytes: records[0].bytes)
        #expect(batch.runs.map(\.lease.count) == [3, 1])
        #expect(batch.readable.map(\.token) == [4, 5, 6, 9].map { token($0) })
        guard case .chunk(let second) = batch.readable[1].outcome, case .chunk(let same) = outcome(5) else {
            Issue.record("it is no chunk's")
            return
        }
        #expect(second == same)
    }
}
