import PostgreSQL
import RunSurgeCore

/// The feed of changes in PostgreSQL.
struct EventRepository: EventStore {
    let database: Database

    func events(of owner: UserID, after: EventCursor?, limit: Int) async throws -> EventPage {
        try await page(after, limit, where: "owner_id = $4", [.identifier(owner)])
    }

    func allEvents(after: EventCursor?, limit: Int) async throws -> EventPage {
        try await page(after, limit, where: "true", [])
    }

    func waitForEvents(within: Duration) async throws { try await database.wakeups.wait(for: .events, within: within) }

    /// One statement, and so one snapshot, says what is there and up to where nothing can be added any more. Without a
    /// place, and from one that no transaction has reached yet, which is another database's, it begins at that horizon.
    private func page(
        _ after: EventCursor?, _ limit: Int, where condition: String, _ parameters: [SQLValue]
    ) async throws -> EventPage {
        let rows = try await database.query(
            """
            WITH horizon AS MATERIALIZED (
                SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8 AS xmin, (SELECT max(xid) FROM event) AS last
            )
            SELECT h.xmin, coalesce(h.last < h.xmin, true) AS is_settled,
                e.xid, e.id, e.owner_id, e.kind, e.subject_id, e.state, e.at
            FROM horizon h LEFT JOIN LATERAL (
                SELECT xid, id, owner_id, kind::text AS kind, subject_id, state, at FROM event
                WHERE \(condition) AND xid < h.xmin AND $1 < h.xmin AND (xid, id) > ($1, $2)
                ORDER BY xid, id LIMIT $3
            ) e ON true
            ORDER BY e.xid, e.id
            """,
            [.int64(after?.transaction ?? .max), .int64(after?.number ?? .max), .int(limit)] + parameters)
        guard let first = rows.first else { throw StoreError.inconsistent("the feed has no end") }
        let events = try first.isNull("xid") ? [] : rows.map(Self.event)
        let horizon = EventCursor(transaction: try first.int64("xmin") - 1, number: .max)
        return EventPage(
            events: events, next: events.count < limit ? horizon : events.last?.cursor ?? horizon,
            isSettled: try first.bool("is_settled"))
    }

    private static func event(_ row: Row) throws -> Event {
        let subject: Event.Subject
        switch try row.string("kind") {
        case "job": subject = .job(try row.identifier("subject_id"))
        case "group": subject = .group(try row.identifier("subject_id"))
        case "node": subject = .node(try row.identifier("subject_id"))
        case let kind: throw StoreError.inconsistent("an event of an unknown kind \(kind)")
        }
        return Event(
            cursor: EventCursor(transaction: try row.int64("xid"), number: try row.int64("id")),
            owner: try row.optionalInt64("owner_id").map(UserID.init(_:)), subject: subject,
            state: try row.string("state"), at: try row.moment("at"))
    }
}
