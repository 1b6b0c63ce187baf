import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct EventTests {
    /// Reads on from `cursor` until the feed is settled and there is nothing more.
    private func rest(
        _ store: some EventStore, after cursor: EventCursor?, limit: Int = 100
    ) async throws -> (events: [Event], next: EventCursor) {
        var (events, next): ([Event], EventCursor?) = ([], cursor)
        var isDone = false
        try await eventually("a settled feed") {
            let page = try await store.allEvents(after: next, limit: limit)
            events += page.events
            next = page.next
            isDone = page.isSettled && page.events.isEmpty
            return isDone
        }
        return (events, try #require(next))
    }

    @Test func everyChangeOfStateIsAnEvent() async throws {
        let fixture = try await Fixture.make()
        let store = fixture.store
        let start = try await rest(store.events, after: nil).next
        let (job, driver) = try await fixture.runningJob()
        _ = try await store.dispatch.finish(
            DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil), term: fixture.term)
        let own = try await store.dispatch.attachNode(
            name: "own", owner: fixture.user, slots: 1, memory: 1, term: fixture.term)
        try await store.dispatch.recordNodes(seen: [own], dead: [], term: fixture.term)
        _ = try await store.jobs.setDraining(own, owner: fixture.user, to: true)
        try await store.dispatch.recordNodes(seen: [], dead: [own], term: fixture.term)
        let wanted = NewGroup(
            name: "g", draft: Fixture.specification(), scriptName: "s", aggregatorName: "a",
            aggregator: Fixture.blob(1), memberCount: 2)
        let created = try await store.groups.createGroup(wanted, owner: fixture.user, idempotency: nil)
        guard case .performed(let made) = created else { throw Timeout(what: "a group") }
        _ = try await store.groups.cancelGroup(made.group.id, owner: fixture.user)

        let events = try await rest(store.events, after: start, limit: 2).events
        func states(_ subject: Event.Subject) -> [String] { events.filter { $0.subject == subject }.map(\.state) }
        #expect(states(.job(job)) == ["submitted", "pending_schedule", "running", "completed"])
        #expect(states(.node(own)) == ["alive", "draining", "gone"])
        #expect(states(.group(made.group.id)).first == "submitted" && states(.group(made.group.id)).last == "failed")
        for member in made.members { #expect(states(.job(member.job)) == ["submitted", "cancelled"]) }
        #expect(events.map(\.cursor) == events.map(\.cursor).sorted())
        #expect(Set(events.map(\.cursor)).count == events.count)
        await store.close()
    }

    @Test func aReaderSeesItsOwnersEventsAndGoesOnWhereItWas() async throws {
        let fixture = try await Fixture.make()
        let other = try await fixture.store.accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        let start = try await rest(fixture.store.events, after: nil).next
        let job = try await fixture.job().id
        _ = try await fixture.store.jobs.createJob(Fixture.specification(), owner: other)
        _ = try await fixture.store.jobs.requestCancel(job, owner: fixture.user)
        _ = try await rest(fixture.store.events, after: start)
        let first = try await fixture.store.events.events(of: fixture.user, after: start, limit: 1)
        #expect(first.events.map(\.state) == ["submitted"] && first.next == first.events[0].cursor)
        // A restart: another process, with nothing but the text of the identifier.
        let store = try await Store.open(StoreConfiguration(fixture.configuration, connections: 3))
        let cursor = try #require(EventCursor(first.next.description))
        let second = try await store.events.events(of: fixture.user, after: cursor, limit: 10)
        #expect(second.events.map(\.state) == ["cancelled"])
        let third = try await store.events.events(of: fixture.user, after: second.next, limit: 10)
        #expect(third.events.isEmpty && third.next >= second.next)
        // From now, and from a place of another database.
        for cursor in [nil, EventCursor(transaction: 1 << 60, number: 1)] {
            let page = try await store.events.events(of: fixture.user, after: cursor, limit: 10)
            #expect(page.events.isEmpty && page.next >= second.events[0].cursor && page.next.transaction < 1 << 60)
        }
        await store.close()
        await fixture.store.close()
    }

    /// A transaction that began first and commits last must not be skipped.
    @Test func nothingAppearsBeforeWhatWasRead() async throws {
        let fixture = try await Fixture.make()
        let feed = fixture.store.events
        let slow = try await fixture.job().id
        let start = try await rest(feed, after: nil).next
        let admin = try await Connection.connect(fixture.configuration)
        try await admin.script("BEGIN")
        try await admin.execute(
            "UPDATE job SET state = 'cancelled', finished_at = clock_timestamp() WHERE id = $1",
            [.int64(slow.rawValue)])
        let quick = try await fixture.job().id
        let before = try await feed.allEvents(after: start, limit: 10)
        #expect(before.events.isEmpty && !before.isSettled, "the later one waits for the earlier")
        try await admin.script("COMMIT")
        let after = try await rest(feed, after: before.next).events
        #expect(after.map(\.subject) == [.job(slow), .job(quick)])
        await admin.close()
        await fixture.store.close()
    }

    @Test func nothingIsMissedAndNothingComesTwice() async throws {
        let fixture = try await Fixture.make()
        let feed = fixture.store.events
        let start = try await rest(feed, after: nil).next
        let reader = Task {
            var (events, next) = ([Event](), start)
            while events.count < 200 {
                let page = try await feed.events(of: fixture.user, after: next, limit: 7)
                events += page.events
                next = page.next
                if page.events.isEmpty, page.isSettled { try await feed.waitForEvents(within: .milliseconds(50)) }
            }
            return events
        }
        let jobs = try await withThrowingTaskGroup(of: [JobID].self) { group in
            for _ in 0..<10 {
                group.addTask {
                    var made: [JobID] = []
                    for _ in 0..<10 {
                        let job = try await fixture.job().id
                        _ = try await fixture.store.jobs.requestCancel(job, owner: fixture.user)
                        made.append(job)
                    }
                    return made
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let events = try await reader.value
        #expect(events.count == 200)
        #expect(events.map(\.cursor) == events.map(\.cursor).sorted())
        for job in jobs {
            #expect(events.filter { $0.subject == .job(job) }.map(\.state) == ["submitted", "cancelled"])
        }
        await fixture.store.close()
    }

    @Test func aChangeInAnotherProcessWakesTheReader() async throws {
        let fixture = try await Fixture.make()
        let other = try await Store.open(StoreConfiguration(fixture.configuration, connections: 3))
        let start = try await rest(other.events, after: nil).next
        let woken = Task {
            while try await other.events.events(of: fixture.user, after: start, limit: 1).events.isEmpty {
                try await other.events.waitForEvents(within: .seconds(30))
                // What is not settled is looked at again.
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        let begin = ContinuousClock.now
        _ = try await fixture.job()
        try await woken.value
        #expect(ContinuousClock.now - begin < .seconds(20))
        await other.close()
        await fixture.store.close()
    }

    @Test func oldEventsAreForgotten() async throws {
        let fixture = try await Fixture.make()
        let start = try await rest(fixture.store.events, after: nil).next
        for _ in 0..<5 { _ = try await fixture.job() }
        _ = try await rest(fixture.store.events, after: start)
        #expect(try await fixture.store.pruneEvents() == 0)
        #expect(try await fixture.store.pruneEvents(keep: .zero, limit: 3) == 3)
        let admin = try await Connection.connect(fixture.configuration)
        try await admin.execute(
            "INSERT INTO event (xid, owner_id, kind, subject_id, state) VALUES (1::int8 << 60, 1, 'job', 1, 'x')")
        #expect(try await fixture.store.pruneEvents() == 1, "it came with a dump of another database")
        while try await fixture.store.pruneEvents(keep: .zero) > 0 {}
        #expect(try await rest(fixture.store.events, after: start).events.isEmpty)
        await admin.close()
        await fixture.store.close()
    }

    @Test(arguments: ["", "1", "1-", "-1-2", "1-2-3", "a-b", "1--2", "99999999999999999999-1"])
    func noCursorIsMadeOfOtherText(text: String) {
        #expect(EventCursor(text) == nil)
    }
}
