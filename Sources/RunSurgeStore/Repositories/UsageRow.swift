import PostgreSQL
import RunSurgeCore

/// How charges and earnings lie in their tables.
enum UsageRow {
    static let select = """
        SELECT e.id, e.job_id, nullif(e.region_id, 0) AS region_id, nullif(e.node_id, 0) AS node_id, e.chunks,
            e.active_microseconds,
            least(div(e.memory_time::numeric * 1024, greatest(e.active_microseconds, 1)), 9223372036854775807)::int8
                AS average_bytes,
            e.amount, e.first_at, e.last_at, e.payment_id IS NOT NULL AS is_paid
        FROM usage_entry e
        """

    /// Adds the rows of `work` (region_id, node_id, chunks, active, memory; one a region and node) to their entries, in
    /// the order of their keys, so that two who write at once never wait for each other in a circle. Subqueries with a
    /// LIMIT make the server look rows up by their keys, however large their tables.
    static let charging = """
        INSERT INTO usage_entry AS e (job_id, region_id, node_id, factor, group_id, payer_id, earner_id, chunks,
            active_microseconds, memory_time)
        SELECT r.job_id, w.region_id, w.node_id, coalesce(n.price_factor, 1000), j.group_id, j.owner_id, n.owner_id,
            w.chunks, w.active, w.memory
        FROM work w
            CROSS JOIN LATERAL (SELECT job_id FROM region WHERE id = w.region_id LIMIT 1) r
            CROSS JOIN LATERAL (SELECT owner_id, group_id FROM job WHERE id = r.job_id LIMIT 1) j
            LEFT JOIN LATERAL (SELECT owner_id, price_factor FROM node WHERE id = w.node_id LIMIT 1) n ON true
        ORDER BY w.region_id, w.node_id
        ON CONFLICT (job_id, region_id, node_id, factor) DO UPDATE SET chunks = e.chunks + excluded.chunks,
            active_microseconds = least(
                e.active_microseconds::numeric + excluded.active_microseconds, 9223372036854775807)::int8,
            memory_time = least(e.memory_time::numeric + excluded.memory_time, 9223372036854775807)::int8,
            last_at = clock_timestamp()
        WHERE e.payment_id IS NULL
        """

    static func decode(_ row: Row) throws -> UsageEntry {
        UsageEntry(
            id: try row.identifier("id"), job: try row.identifier("job_id"),
            region: try row.optionalInt64("region_id").map(RegionID.init(_:)),
            node: try row.optionalInt64("node_id").map(NodeID.init(_:)), chunks: try row.int64("chunks"),
            activeMicroseconds: try row.int64("active_microseconds"), averageBytes: try row.int64("average_bytes"),
            amount: try row.int64("amount"), firstAt: try row.moment("first_at"), lastAt: try row.moment("last_at"),
            isPaid: try row.bool("is_paid"))
    }
}
