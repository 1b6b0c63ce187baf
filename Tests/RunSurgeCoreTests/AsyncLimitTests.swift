import RunSurgeCore
import Testing

struct AsyncLimitTests {
    @Test func waitingForATurnIsBoundedAndFair() async throws {
        let limit = AsyncLimit(1, waiting: 2)
        let (gate, open) = AsyncStream<Void>.makeStream()
        let order = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await limit.run { for await _ in gate {} } }
            for number in 1...2 {
                try await eventually("\(number - 1) callers wait") { limit.waiters == number - 1 && limit.isTaken }
                group.addTask { try await limit.run { _ = order.continuation.yield(number) } }
            }
            try await eventually("both wait") { limit.waiters == 2 }
            await #expect(throws: AsyncLimit.Busy.self) { try await limit.run {} }
            open.finish()
            try await group.waitForAll()
        }
        order.continuation.finish()
        var seen: [Int] = []
        for await number in order.stream { seen.append(number) }
        #expect(seen == [1, 2])
        #expect(!limit.isTaken)
    }

    @Test func aWaiterThatIsCancelledGivesUpItsPlace() async throws {
        let limit = AsyncLimit(1, waiting: 2)
        let (gate, open) = AsyncStream<Void>.makeStream()
        let holder = Task { try await limit.run { for await _ in gate {} } }
        try await eventually("it is taken") { limit.isTaken }
        let waiter = Task { try await limit.run {} }
        try await eventually("one waits") { limit.waiters == 1 }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(limit.waiters == 0)
        open.finish()
        try await holder.value
        try await limit.run {}
    }

    @Test func whatRunsToItsEndRunsInACancelledTaskToo() async throws {
        let limit = AsyncLimit(1)
        let (gate, open) = AsyncStream<Void>.makeStream()
        let cleaner = Task {
            // Cancelled before it asks.
            for await _ in gate {}
            return try await limit.runToEnd { true }
        }
        cleaner.cancel()
        open.finish()
        #expect(try await cleaner.value)
        #expect(!limit.isTaken)
    }
}

/// Looks again and again for 10 s.
private func eventually(_ what: String, _ condition: () -> Bool) async throws {
    for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    try #require(condition(), "\(what)")
}
