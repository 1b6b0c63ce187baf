import Logging
import RunSurgeCore

/// Reads the feed of all changes once for this process, while somebody listens, and hands them on: a stream that
/// nothing happens on costs the database nothing.
actor EventHub {
    /// What a stream is about.
    enum Topic: Hashable, Sendable {
        /// All that is this user's.
        case owner(UserID)
        case subject(Event.Subject)
    }

    enum Item: Sendable {
        case event(Event)
        /// Nothing was missed up to here.
        case beat(EventCursor)
    }

    struct Subscription: Sendable {
        let id: UInt64
        /// Items are of events behind this place, in their order.
        let start: EventCursor
        /// Ends when its reader was too slow, or the hub has ended.
        let items: AsyncStream<Item>
    }

    /// Items that wait for one reader; a slower one is dropped, and comes back by its cursor.
    static let backlog = 256
    private static let pageEvents = 1_000
    /// How often to look without being woken.
    private static let interval = Duration.seconds(5)
    /// How soon to look again for what may not be read yet.
    private static let unsettledPause = Duration.milliseconds(20)
    private static let failurePause = Duration.seconds(1)

    private struct Subscriber {
        var topics: Set<Topic>
        let continuation: AsyncStream<Item>.Continuation
    }

    private let events: any EventStore
    private let heartbeat: Duration
    private let logger: Logger
    private var subscribers: [UInt64: Subscriber] = [:]
    private var topics: [Topic: Set<UInt64>] = [:]
    private var nextID: UInt64 = 0
    private var hasEnded = false
    private var reader: Reader?
    /// Everything up to here was handed on; nil: the reader has not begun.
    private var position: EventCursor?

    private struct Reader {
        let first: Task<EventCursor, any Error>
        let loops: [Task<Void, Never>]
    }

    init(events: any EventStore, heartbeat: Duration, logger: Logger) {
        self.events = events
        self.heartbeat = heartbeat
        self.logger = logger
    }

    /// Streams that there are.
    var count: Int { subscribers.count }

    /// Ends all streams, and those that come.
    func end() {
        hasEnded = true
        for id in Array(subscribers.keys) { leave(id) }
    }

    /// To be ended by `leave`.
    func join(_ topics: Set<Topic>) async throws -> Subscription {
        let (items, continuation) = AsyncStream.makeStream(
            of: Item.self, bufferingPolicy: .bufferingOldest(Self.backlog))
        let id = nextID
        nextID += 1
        if hasEnded { continuation.finish() }
        subscribers[id] = Subscriber(topics: [], continuation: continuation)
        listen(to: topics, id)
        if let position { return Subscription(id: id, start: position, items: items) }
        do {
            return Subscription(id: id, start: try await begin(), items: items)
        } catch {
            leave(id)
            throw error
        }
    }

    /// Adds to what a stream is about.
    func listen(to more: Set<Topic>, _ id: UInt64) {
        guard subscribers[id] != nil else { return }
        subscribers[id]?.topics.formUnion(more)
        for topic in more { topics[topic, default: []].insert(id) }
    }

    func leave(_ id: UInt64) {
        guard let subscriber = subscribers.removeValue(forKey: id) else { return }
        subscriber.continuation.finish()
        for topic in subscriber.topics {
            topics[topic]?.remove(id)
            if topics[topic]?.isEmpty == true { topics[topic] = nil }
        }
        if subscribers.isEmpty { stop() }
    }

    // MARK: Reading

    /// Where the reader begins.
    private func begin() async throws -> EventCursor {
        if let reader { return try await reader.first.value }
        let first = Task { [events] in try await events.allEvents(after: nil, limit: Self.pageEvents).next }
        let reading = Task { [weak self, events] in
            guard let start = try? await first.value else { return }
            await self?.read(events, from: start)
        }
        let beating = Task { [weak self, heartbeat] in
            while (try? await Task.sleep(for: heartbeat)) != nil { await self?.beat() }
        }
        reader = Reader(first: first, loops: [reading, beating])
        do {
            return try await first.value
        } catch {
            // The next who comes tries again.
            if reader?.first == first { stop() }
            throw error
        }
    }

    private func stop() {
        reader?.loops.forEach { $0.cancel() }
        reader = nil
        position = nil
    }

    private func read(_ events: any EventStore, from start: EventCursor) async {
        var cursor = start
        guard !Task.isCancelled else { return }
        position = cursor
        while !Task.isCancelled {
            do {
                let page = try await events.allEvents(after: cursor, limit: Self.pageEvents)
                // Another reader may have begun while this one waited.
                guard !Task.isCancelled else { return }
                page.events.forEach(handOn)
                cursor = page.next
                position = cursor
                if page.events.count == Self.pageEvents { continue }
                if page.isSettled {
                    try await events.waitForEvents(within: Self.interval)
                } else {
                    try await Task.sleep(for: Self.unsettledPause)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("The feed of events can't be read", metadata: ["error": "\(String(reflecting: error))"])
                try? await Task.sleep(for: Self.failurePause)
            }
        }
    }

    private func handOn(_ event: Event) {
        var listeners = topics[.subject(event.subject)] ?? []
        if let owner = event.owner { listeners.formUnion(topics[.owner(owner)] ?? []) }
        for id in listeners {
            guard case .dropped = subscribers[id]?.continuation.yield(.event(event)) else { continue }
            leave(id)
        }
    }

    private func beat() {
        guard let position else { return }
        // One that does not fit is not missed.
        for subscriber in subscribers.values { subscriber.continuation.yield(.beat(position)) }
    }
}
