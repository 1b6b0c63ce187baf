import Logging
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeAPI

/// One reader for all streams.
struct EventHubTests {
    private let events = MemoryEvents()
    private let ada = UserID(1)
    private let eve = UserID(2)

    private func hub(heartbeat: Duration = .seconds(60)) -> EventHub {
        EventHub(events: events, heartbeat: heartbeat, logger: Logger(label: "test"))
    }

    private func first(_ count: Int, of subscription: EventHub.Subscription) async -> [Event] {
        var found: [Event] = []
        for await item in subscription.items {
            if case .event(let event) = item { found.append(event) }
            if found.count == count { break }
        }
        return found
    }

    @Test(.timeLimit(.minutes(1))) func everyoneGetsTheirOwnInOrder() async throws {
        events.add(.job(JobID(1)), "submitted", owner: ada)
        let hub = hub()
        let whole = try await hub.join([.owner(ada)])
        let one = try await hub.join([.subject(.job(JobID(2)))])
        #expect(whole.start == EventCursor(transaction: 1, number: .max), "what was before is not handed on")
        events.add(.job(JobID(1)), "running", owner: ada)
        events.add(.job(JobID(7)), "running", owner: eve)
        events.add(.node(NodeID(1)), "alive", owner: nil)
        events.add(.job(JobID(2)), "running", owner: ada)
        events.add(.group(JobGroupID(2)), "running", owner: ada)
        #expect(
            await first(3, of: whole).map(\.subject) == [
                .job(JobID(1)), .job(JobID(2)), .group(JobGroupID(2)),
            ])
        #expect(await first(1, of: one).map(\.subject) == [.job(JobID(2))])
        await hub.leave(whole.id)
        await hub.leave(one.id)
        #expect(await hub.count == 0)
    }

    @Test(.timeLimit(.minutes(1))) func idleStreamsCostNoReadsOfTheirOwn() async throws {
        let hub = hub()
        var streams: [EventHub.Subscription] = []
        for number in 0..<2_000 { streams.append(try await hub.join([.owner(UserID(Int64(number)))])) }
        try await Task.sleep(for: .milliseconds(200))
        #expect(events.reads < 10, "\(events.reads) reads")
        for stream in streams { await hub.leave(stream.id) }
        let reads = events.reads
        events.add(.job(JobID(1)), "running", owner: ada)
        try await Task.sleep(for: .milliseconds(100))
        #expect(events.reads <= reads + 1, "nobody listens, nothing is read")
    }

    @Test(.timeLimit(.minutes(1))) func aSlowReaderIsDroppedAndOthersAreNot() async throws {
        let hub = hub()
        let slow = try await hub.join([.owner(ada)])
        let good = try await hub.join([.owner(ada)])
        let reading = Task { await first(3 * EventHub.backlog, of: good).count }
        for number in 0..<3 * EventHub.backlog {
            events.add(.job(JobID(Int64(number + 1))), "submitted", owner: ada)
            if number % 64 == 63 { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(await reading.value == 3 * EventHub.backlog)
        let kept = await first(.max, of: slow)
        #expect(kept.map(\.cursor.transaction) == (1...Int64(EventHub.backlog)).map { $0 }, "the first, without a gap")
        await hub.leave(good.id)
    }

    @Test(.timeLimit(.minutes(1))) func heartbeatsTellHowFarItIs() async throws {
        let hub = hub(heartbeat: .milliseconds(20))
        let stream = try await hub.join([.owner(eve)])
        events.add(.job(JobID(1)), "submitted", owner: ada)
        for await item in stream.items {
            guard case .beat(let cursor) = item, cursor.transaction == 1 else { continue }
            break
        }
        await hub.end()
        for await _ in stream.items {}
        let late = try await hub.join([.owner(eve)])
        for await _ in late.items {}
    }

    @Test func textIsWhatBrowsersRead() throws {
        let event = Event(
            cursor: EventCursor(transaction: 7, number: 3), owner: ada, subject: .job(JobID(5)), state: "running",
            at: Timestamp(microseconds: 0))
        #expect(
            try EventText.event(event) == """
                event: job
                id: 7-3
                data: {"at":"1970-01-01T00:00:00.000000Z","job_id":5,"status":"running"}


                """)
        #expect(EventText.heartbeat(event.cursor) == ": alive\nid: 7-3\n\n")
    }
}
