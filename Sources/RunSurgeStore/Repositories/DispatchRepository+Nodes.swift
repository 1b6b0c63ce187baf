import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    func attachNodes(_ nodes: [NodeAttachment], term: Int64) async throws -> [NodeID] {
        if nodes.isEmpty { return [] }
        let named = nodes.filter { $0.enrolled == nil }
        let enrolled = nodes.filter { $0.enrolled != nil }
        let results = try await database.fenced(term, [Self.attachment(named: named), Self.attachment(enrolled)])
        await database.wakeups.signal(.events)
        guard results[0].count == named.count else { throw StoreError.inconsistent("a node was not stored") }
        let known = Set(try results[1].map { try $0.int64("id") })
        var ids = try results[0].map { try $0.identifier("id") as NodeID }[...]
        return try nodes.map { node in
            guard let id = node.enrolled else { return ids.removeFirst() }
            guard known.contains(id.rawValue) else { throw StoreError.inconsistent("node \(id) is gone") }
            return id
        }
    }

    /// One row each, in order. No statement may change a row twice: of two with one name the later counts, both get
    /// its number.
    private static func attachment(named nodes: [NodeAttachment]) -> Statement {
        Statement(
            """
            WITH given AS (
                SELECT * FROM unnest($1, $2, $3, $4)
                    WITH ORDINALITY AS g (owner_id, name, slots, memory, position)
            ), latest AS (
                SELECT DISTINCT ON (coalesce(owner_id, 0), name) owner_id, name, slots, memory
                FROM given ORDER BY coalesce(owner_id, 0), name, position DESC
            ), attached AS (
                INSERT INTO node (owner_id, name, slots, memory)
                SELECT owner_id, name, slots, memory FROM latest
                ON CONFLICT (coalesce(owner_id, 0), name) DO UPDATE SET slots = excluded.slots,
                    memory = excluded.memory, is_alive = true, last_seen_at = clock_timestamp()
                RETURNING id, owner_id, name
            ), total AS (
                INSERT INTO node_total (node_id) SELECT id FROM attached ON CONFLICT DO NOTHING
            )
            SELECT a.id FROM given g
            JOIN attached a ON a.name = g.name AND coalesce(a.owner_id, 0) = coalesce(g.owner_id, 0)
            ORDER BY g.position
            """,
            [
                .int64Array(nodes.map { $0.owner?.rawValue }), .textArray(nodes.map(\.name.withoutNULs)),
                .int32Array(nodes.map { Int32(clamping: $0.slots) }), .int64Array(nodes.map(\.memory)),
            ])
    }

    /// A row for each node that is there.
    private static func attachment(_ enrolled: [NodeAttachment]) -> Statement {
        Statement(
            """
            WITH latest AS (
                SELECT DISTINCT ON (id) id, slots, memory
                FROM unnest($1, $2, $3) WITH ORDINALITY AS g (id, slots, memory, position) ORDER BY id, position DESC
            ), attached AS (
                UPDATE node n SET slots = l.slots, memory = l.memory, is_alive = true,
                    last_seen_at = clock_timestamp()
                FROM latest l WHERE n.id = l.id RETURNING n.id
            ), total AS (
                INSERT INTO node_total (node_id) SELECT id FROM attached ON CONFLICT DO NOTHING
            )
            SELECT id FROM attached
            """,
            [
                .int64Array(enrolled.map { $0.enrolled?.rawValue }),
                .int32Array(enrolled.map { Int32(clamping: $0.slots) }), .int64Array(enrolled.map(\.memory)),
            ])
    }

    func drainingNodes() async throws -> Set<NodeID> {
        let rows = try await database.query("SELECT id FROM node WHERE is_draining")
        return Set(try rows.map { try $0.identifier("id") })
    }

    func recordNodes(seen: [NodeID], dead: [NodeID], term: Int64) async throws {
        if seen.isEmpty, dead.isEmpty { return }
        _ = try await database.fenced(
            term, isDurable: false,
            [
                Statement(
                    "UPDATE node SET is_alive = true, last_seen_at = clock_timestamp() WHERE id = ANY ($1)",
                    [.identifiers(seen)]),
                Statement("UPDATE node SET is_alive = false WHERE id = ANY ($1)", [.identifiers(dead)]),
            ])
        if !dead.isEmpty { await database.wakeups.signal(.events) }
    }

    func appendNodeLog(_ entries: [NodeLogEntry], term: Int64) async throws {
        if entries.isEmpty { return }
        _ = try await database.fenced(term, isDurable: false, [NodeLogRow.insert(entries)])
    }

    func aliveNodes() async throws -> [Node] {
        try await database.query(NodeRow.select + " WHERE n.is_alive ORDER BY n.id").map(NodeRow.decode)
    }
}
