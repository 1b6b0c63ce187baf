import Hummingbird
import NIOCore
import RunSurgeCore

/// One reader's stream: what has happened since its place from the store, and what happens from then on from the hub.
/// It tells nothing twice and leaves nothing out, since both go by the same order.
struct EventStream {
    private static let pageEvents = 1_000
    /// For what may not be read yet, because an older transaction is not over.
    private static let unsettledPause = Duration.milliseconds(20)
    private static let unsettledTries = 6

    let events: any EventStore
    let hub: EventHub
    private var scope: EventScope
    /// Everything up to here was sent.
    private var position: EventCursor?
    /// The subject's last event was sent; others of the same transaction may follow it.
    private var isEnding = false
    private var hasEnded = false

    /// - Parameter after: nil: from now on, with the state of what it is about ahead.
    init(events: any EventStore, hub: EventHub, scope: EventScope, after: EventCursor?) {
        self.events = events
        self.hub = hub
        self.scope = scope
        position = after
    }

    /// Whether the subject has ended and there is nothing about it behind the place that the reader has.
    func isOver() async throws -> Bool {
        guard let position, let state = try await scope.state(), scope.isFinal(state) else { return false }
        let page = try await events.events(of: scope.owner, after: position, limit: Self.pageEvents)
        return page.isSettled && page.events.count < Self.pageEvents && !page.events.contains(where: scope.includes)
    }

    /// Returns when the subject has ended and all was sent, when the reader was too slow, or when the server ends.
    mutating func run(_ writer: inout any ResponseBodyWriter) async throws {
        try await scope.readMembers()
        try await begin(&writer)
        if !hasEnded { try await catchUp(&writer) }
        try await endIfOver(&writer)
        if !hasEnded { try await follow(&writer) }
    }

    /// A reader without a place gets one, and what holds there.
    private mutating func begin(_ writer: inout any ResponseBodyWriter) async throws {
        guard position == nil else { return }
        var cursor = try await events.events(of: scope.owner, after: nil, limit: 1).next
        guard let subject = scope.subject, var state = try await scope.state() else {
            position = cursor
            return try await writer.write(ByteBuffer(string: EventText.heartbeat(cursor)))
        }
        // The state may be newer than the place: the place is moved on to where the state holds.
        var pause = Self.unsettledPause
        for _ in 0..<Self.unsettledTries {
            let page = try await events.events(of: scope.owner, after: cursor, limit: Self.pageEvents)
            state = page.events.last { $0.subject == subject }?.state ?? state
            cursor = page.next
            if page.events.count == Self.pageEvents { continue }
            if page.isSettled { break }
            try await Task.sleep(for: pause)
            pause *= 2
        }
        position = cursor
        hasEnded = scope.isFinal(state)
        try await writer.write(
            ByteBuffer(string: EventText.state(state, of: subject, at: .now, id: cursor)))
    }

    /// Sends what is in the store.
    /// - Parameter target: to be reached; nil: the end of what there is.
    private mutating func catchUp(
        to target: EventCursor? = nil, _ writer: inout any ResponseBodyWriter
    ) async throws {
        while !hasEnded {
            // Read first: what has ended before a page was read has its last event on that page.
            let state = target == nil ? try await scope.state() : nil
            let page = try await events.events(of: scope.owner, after: position, limit: Self.pageEvents)
            for event in page.events { try await send(event, &writer) }
            position = page.next
            if let target, page.next >= target { return }
            guard page.events.count < Self.pageEvents else { continue }
            if let state, scope.isFinal(state) {
                // All of a subject that has ended is sent before the stream ends, and never waits for the hub.
                if page.isSettled { hasEnded = true }
            } else if target == nil {
                return
            }
            if !hasEnded { try await Task.sleep(for: Self.unsettledPause) }
        }
    }

    private mutating func follow(_ writer: inout any ResponseBodyWriter) async throws {
        let subscription = try await hub.join(scope.topics)
        do {
            try await follow(subscription, &writer)
        } catch {
            await hub.leave(subscription.id)
            throw error
        }
        await hub.leave(subscription.id)
    }

    private mutating func follow(
        _ subscription: EventHub.Subscription, _ writer: inout any ResponseBodyWriter
    ) async throws {
        if let position, position < subscription.start { try await catchUp(to: subscription.start, &writer) }
        try await endIfOver(&writer)
        for await item in subscription.items where !hasEnded {
            switch item {
            case .event(let event):
                try await send(event, &writer)
                if case .group = event.subject, case .group = scope.target {
                    await hub.listen(to: scope.topics, subscription.id)
                }
            case .beat(let cursor):
                let reached = max(cursor, position ?? cursor)
                position = reached
                try await writer.write(ByteBuffer(string: EventText.heartbeat(reached)))
            }
            try await endIfOver(&writer)
            if hasEnded { return }
        }
    }

    /// Reads to the end what comes with the last event of the subject.
    private mutating func endIfOver(_ writer: inout any ResponseBodyWriter) async throws {
        while isEnding, !hasEnded {
            isEnding = false
            try await catchUp(&writer)
        }
    }

    private mutating func send(_ event: Event, _ writer: inout any ResponseBodyWriter) async throws {
        if let position, event.cursor <= position { return }
        if case .group = event.subject { try await scope.readMembers() }
        guard scope.includes(event) else { return }
        position = event.cursor
        try await writer.write(ByteBuffer(string: EventText.event(event)))
        if event.subject == scope.subject, scope.isFinal(event.state) { isEnding = true }
    }
}
