import PostgreSQL
import RunSurgeCore

/// How a node lies in its tables.
enum NodeRow {
    static let select = """
        SELECT n.id, n.owner_id, n.name, n.slots, n.memory, n.is_alive, n.is_draining, n.created_at, n.last_seen_at,
            coalesce(t.completed_chunks, 0) AS completed
        FROM node n LEFT JOIN node_total t ON t.node_id = n.id
        """

    static func decode(_ row: Row) throws -> Node {
        Node(
            id: try row.identifier("id"), owner: try row.optionalInt64("owner_id").map(UserID.init(_:)),
            name: try row.string("name"), slots: try row.int("slots"), memory: try row.int64("memory"),
            isAlive: try row.bool("is_alive"), isDraining: try row.bool("is_draining"),
            createdAt: try row.moment("created_at"), lastSeenAt: try row.optionalMoment("last_seen_at"),
            completedChunks: try row.int64("completed"))
    }
}
