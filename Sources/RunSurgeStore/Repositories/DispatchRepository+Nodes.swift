import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    /// A node of the same owner and name is the same node, come back.
    func attachNode(name: String, owner: UserID?, slots: Int, memory: Int64, term: Int64) async throws -> NodeID {
        let results = try await database.fenced(
            term,
            [
                Statement(
                    """
                    WITH attached AS (
                        INSERT INTO node (owner_id, name, slots, memory) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (coalesce(owner_id, 0), name) DO UPDATE SET slots = excluded.slots,
                            memory = excluded.memory, is_alive = true, last_seen_at = clock_timestamp()
                        RETURNING id
                    ), total AS (
                        INSERT INTO node_total (node_id) SELECT id FROM attached ON CONFLICT DO NOTHING
                    )
                    SELECT id FROM attached
                    """,
                    [.identifier(owner), .text(name.withoutNULs), .int32(Int32(clamping: slots)), .int64(memory)])
            ])
        guard let row = results[0].first else { throw StoreError.inconsistent("a node was not stored") }
        return try row.identifier("id")
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
    }
}
