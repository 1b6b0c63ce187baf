public import RunSurgeCore
import Synchronization

/// A feed in memory, with the rules of the port; every event is its own transaction.
public final class MemoryEvents: EventStore {
    private struct State {
        var events: [Event] = []
        var reads = 0
        var version = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// How often `allEvents` was asked.
    public var reads: Int { state.withLock { $0.reads } }

    @discardableResult
    public func add(_ subject: Event.Subject, _ status: String, owner: UserID?) -> EventCursor {
        state.withLock { state in
            let cursor = EventCursor(transaction: Int64(state.events.count + 1), number: 1)
            state.events.append(
                Event(cursor: cursor, owner: owner, subject: subject, state: status, at: Timestamp(microseconds: 0)))
            state.version += 1
            return cursor
        }
    }

    public func events(of owner: UserID, after: EventCursor?, limit: Int) async throws -> EventPage {
        page(after, limit) { $0.owner == owner }
    }

    public func allEvents(after: EventCursor?, limit: Int) async throws -> EventPage {
        state.withLock { $0.reads += 1 }
        return page(after, limit) { _ in true }
    }

    private func page(_ after: EventCursor?, _ limit: Int, _ isWanted: (Event) -> Bool) -> EventPage {
        state.withLock { state in
            let horizon = EventCursor(transaction: Int64(state.events.count), number: .max)
            guard let after, after <= horizon else { return EventPage(events: [], next: horizon, isSettled: true) }
            let found = Array(state.events.filter { $0.cursor > after && isWanted($0) }.prefix(limit))
            let next = found.count < limit ? horizon : found.last?.cursor ?? horizon
            return EventPage(events: found, next: next, isSettled: true)
        }
    }

    public func waitForEvents(within: Duration) async throws {
        let seen = state.withLock { $0.version }
        let deadline = ContinuousClock.now + within
        while state.withLock({ $0.version }) == seen, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
