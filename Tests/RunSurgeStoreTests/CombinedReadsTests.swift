import Synchronization
import Testing

@testable import RunSurgeStore

struct CombinedReadsTests {
    private struct Failure: Error {}

    /// Holds queries until it is opened, and remembers what they asked for.
    private final class Server: Sendable {
        private let seen = Mutex<[[Int]]>([])
        private let gate: AsyncStream<Void>
        private let key: AsyncStream<Void>.Continuation

        init() { (gate, key) = AsyncStream.makeStream() }

        var queries: [[Int]] { seen.withLock { $0 } }
        func open() { key.finish() }

        func reads() -> CombinedReads<Int, String> {
            CombinedReads { keys in
                self.seen.withLock { $0.append(keys.sorted()) }
                for await _ in self.gate {}
                if keys.contains(-1) { throw Failure() }
                return Dictionary(
                    uniqueKeysWithValues: keys.filter { $0 < 100 }.map { key in
                        (key, key == 13 ? .failure(Failure()) : .success("value \(key)"))
                    })
            }
        }
    }

    private func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<2_000 where !condition() { try await Task.sleep(for: .milliseconds(5)) }
        try #require(condition())
    }

    @Test func whatComesMeanwhileIsAskedForTogether() async throws {
        let server = Server()
        let reads = server.reads()
        async let first = reads.value(for: 1)
        try await eventually { server.queries.count == 1 }
        let others = (2...40).map { number in Task { try await reads.value(for: number % 20) } }
        // All of them wait for the one that is on its way.
        try await Task.sleep(for: .milliseconds(100))
        #expect(server.queries == [[1]])
        server.open()
        #expect(try await first == "value 1")
        for (number, other) in zip(2...40, others) {
            let key = number % 20
            if key == 13 {
                await #expect(throws: Failure.self) { try await other.value }
            } else {
                #expect(try await other.value == "value \(key)")
            }
        }
        #expect(server.queries.count == 2)
        #expect(server.queries[1] == Array(0..<20))
    }

    @Test func nobodyIsGivenWhatWasReadBeforeTheyAsked() async throws {
        let server = Server()
        let reads = server.reads()
        async let early = reads.value(for: 7)
        try await eventually { server.queries.count == 1 }
        async let late = reads.value(for: 7)
        try await Task.sleep(for: .milliseconds(50))
        server.open()
        _ = try await (early, late)
        #expect(server.queries == [[7], [7]])
    }

    @Test func whatThereIsNotIsNil() async throws {
        let server = Server()
        server.open()
        #expect(try await server.reads().value(for: 100) == nil)
    }

    @Test func aQueryThatFailsFailsItsCallersAndNobodyElse() async throws {
        let server = Server()
        server.open()
        let reads = server.reads()
        await #expect(throws: Failure.self) { try await reads.value(for: -1) }
        #expect(try await reads.value(for: 1) == "value 1")
    }
}
