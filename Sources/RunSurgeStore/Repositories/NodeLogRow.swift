import PostgreSQL
import RunSurgeCore

/// How a node's history lies in its table.
enum NodeLogRow {
    /// The same entry again, after a lost connection, changes nothing.
    static func insert(_ entries: [NodeLogEntry]) -> Statement {
        Statement(
            """
            INSERT INTO node_log (node_id, at, kind, term, slots, memory, detail)
            SELECT g.node_id, g.at, g.kind::node_event, g.term, g.slots, g.memory, g.detail
            FROM unnest($1, $2, $3, $4, $5, $6, $7) AS g (node_id, at, kind, term, slots, memory, detail)
            ON CONFLICT (node_id, at) DO NOTHING
            """,
            [
                .identifiers(entries.map(\.node)),
                .timestampArray(entries.map { PostgreSQL.Timestamp(microseconds: $0.at.microseconds) }),
                .textArray(entries.map(\.kind.rawValue)), .int64Array(entries.map(\.term)),
                .int32Array(entries.map { Int32(clamping: $0.slots) }), .int64Array(entries.map(\.memory)),
                .textArray(entries.map { String($0.detail.withoutNULs.prefix(2_000)) }),
            ])
    }

    static func select(_ node: NodeID, owner: UserID?, before: RunSurgeCore.Timestamp?, limit: Int) -> Statement {
        Statement(
            """
            SELECT l.at, l.kind::text AS kind, l.term, l.slots, l.memory, l.detail
            FROM node_log l JOIN node n ON n.id = l.node_id
            WHERE l.node_id = $1 AND n.owner_id IS NOT DISTINCT FROM $2 AND l.at < coalesce($3, 'infinity')
            ORDER BY l.at DESC LIMIT $4
            """,
            [
                .identifier(node), .identifier(owner),
                .timestamp(before.map { PostgreSQL.Timestamp(microseconds: $0.microseconds) }), .int(limit),
            ])
    }

    static func decode(_ row: Row, of node: NodeID) throws -> NodeLogEntry {
        guard let kind = NodeLogEntry.Kind(rawValue: try row.string("kind")) else {
            throw StoreError.inconsistent("an event of node \(node) is of an unknown kind")
        }
        return NodeLogEntry(
            node: node, at: try row.moment("at"), kind: kind, term: try row.int64("term"),
            slots: Int(try row.int32("slots")), memory: try row.int64("memory"), detail: try row.string("detail"))
    }
}
