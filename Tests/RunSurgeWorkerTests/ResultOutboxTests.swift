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

    private mutating func add(_ indices: some Sequence<Int64>, bytes: Int = 10) throws {
        for index in indices {
            var result = WireResult()
            result.lease = LeaseToken(key: key(index), term: 1, epoch: 1, session: 1).wire
            result.chunk.chunkIndex = index
            result.chunk.effects.inline = Data(repeating: 0, count: bytes)
            _ = outbox.add(result, for: key(index), encoded: try result.serializedBytes())
            outbox.ready([key(index)])
        }
    }

    private mutating func indices(at time: MonotonicTime) -> [[Int64]] {
        var all: [[Int64]] = []
        while let batch = outbox.nextBatch(session: 1, now: time) { all.append(batch.results.map(\.chunk.chunkIndex)) }
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
        var result = WireResult()
        result.chunk.chunkIndex = 5
        _ = outbox.add(result, for: key(5), encoded: [])
        #expect(indices(at: start).isEmpty)
        outbox.ready([key(5)])
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
        #expect(batch.results.map(\.chunk.chunkIndex) == [2, 0, 1])
        #expect(batch.results[1].lease.term == 9)
    }

    @Test mutating func countsItsBytesAndSaysWhenItIsFull() throws {
        try add(0..<300, bytes: 512 << 10)
        #expect(outbox.isCongested)
        let all = (Int64(0)..<300).map { key($0) }
        _ = outbox.remove(all)
        #expect(outbox.bytes == 0)
        #expect(!outbox.isCongested)
    }
}
