import PostgreSQL
public import RunSurgeCore

/// What keeps the store small. Safe at any time and from several processes at once.
extension Store {
    /// Puts away what jobs have left that ended longer than `grace` ago: a region keeps its totals, its chunks go.
    /// Deletes at most about `limit` rows, so that it never holds up the work; call again while it returns more than 0.
    public func sweep(limit: Int = 10_000, grace: Duration = .seconds(60)) async throws -> Int {
        try await fold(grace: grace)
        let rows = try await database.query(
            "SELECT id FROM region WHERE swept_at IS NULL AND completed IS NOT NULL ORDER BY id LIMIT 100")
        var deleted = 0
        for row in rows where deleted < limit {
            let region: RegionID = try row.identifier("id")
            let count = try await deleteChunks(of: region, limit: limit - deleted)
            deleted += count
            if deleted < limit {
                _ = try await database.query(
                    "UPDATE region SET swept_at = clock_timestamp() WHERE id = $1", [.identifier(region)])
            }
        }
        let expired = try await database.pipeline(Self.expiring(limit))
        return try expired.reduce(deleted) { $0 + (try $1.first?.int(0) ?? 0) }
    }

    /// Each deletes at most `limit` rows that nobody can use any more, and says how many.
    private static func expiring(_ limit: Int) -> [Statement] {
        let hasExpired = "expires_at < clock_timestamp() - interval '1 day'"
        return [
            deleting("refresh_token", by: "hash", where: hasExpired, [], limit),
            deleting("login_session", by: "id", where: hasExpired, [], limit),
            deleting(
                "idempotency_key", by: "owner_id, key",
                where: "created_at < clock_timestamp() - $2 * interval '1 microsecond'",
                [.int64(Limits.idempotencyLife.wholeMicroseconds)], limit),
            // The pieces of an upload answer its repetitions for as long as a key would.
            Statement(
                """
                WITH ended AS (
                    SELECT job_id FROM upload WHERE finished_at < clock_timestamp() - $2 * interval '1 microsecond'
                        AND swept_at IS NULL
                    ORDER BY finished_at LIMIT $1 FOR UPDATE SKIP LOCKED
                ), pieces AS (
                    DELETE FROM upload_piece WHERE job_id IN (SELECT job_id FROM ended)
                ), swept AS (
                    UPDATE upload u SET swept_at = clock_timestamp() FROM ended e WHERE u.job_id = e.job_id RETURNING 1
                )
                SELECT count(*) FROM swept
                """, [.int(min(limit, 100)), .int64(Limits.idempotencyLife.wholeMicroseconds)]),
        ]
    }

    /// - Parameter parameters: those of the condition, from $2 on.
    private static func deleting(
        _ table: String, by key: String, where condition: String, _ parameters: [SQLValue], _ limit: Int
    ) -> Statement {
        Statement(
            """
            WITH gone AS (
                DELETE FROM \(table) WHERE (\(key)) IN (SELECT \(key) FROM \(table) WHERE \(condition) LIMIT $1)
                RETURNING 1
            )
            SELECT count(*) FROM gone
            """, [.int(limit)] + parameters)
    }

    /// Fails the jobs that have waited for a piece of their upload for longer than `patience`; how many. At most 1,000:
    /// call again while it returns more than 0.
    public func abandonUploads(patience: Duration = Limits.uploadPatience) async throws -> Int {
        let rows = try await database.query(
            """
            WITH abandoned AS (
                SELECT j.id FROM job j LEFT JOIN upload u ON u.job_id = j.id
                WHERE NOT j.is_ready AND j.finished_at IS NULL
                    AND coalesce(u.touched_at, j.created_at) < clock_timestamp() - $1 * interval '1 microsecond'
                ORDER BY j.id LIMIT 1000 FOR UPDATE OF j SKIP LOCKED
            ), ended AS (
                UPDATE job j SET state = 'failed', finished_at = clock_timestamp() FROM abandoned a WHERE j.id = a.id
                RETURNING j.id
            )
            UPDATE job_detail d SET failure = 'Its upload was not completed in time.' FROM ended e
            WHERE d.job_id = e.id RETURNING d.job_id
            """, [.int64(patience.wholeMicroseconds)])
        if rows.isEmpty { return 0 }
        await database.wakeups.signal(.groups)
        await database.wakeups.jobsChanged(try rows.map { try $0.identifier("job_id") as JobID })
        return rows.count
    }

    /// Removes the blobs that no job needs and nobody has asked for within `grace`; returns their number and bytes.
    ///
    /// `grace` must exceed the time from a blob's upload to the job that names it.
    public func collect(_ blobs: FileBlobStore, grace: Duration = .seconds(3600)) async throws -> BlobCollection {
        try await blobs.collect(unusedFor: grace) { names in
            let rows = try await database.query(
                """
                SELECT g.name FROM unnest($1) AS g (name)
                WHERE EXISTS (SELECT FROM job_blob WHERE sha256 = g.name)
                    OR EXISTS (SELECT FROM region_blob WHERE sha256 = g.name)
                    OR EXISTS (SELECT FROM region WHERE environment_sha256 = g.name)
                    OR EXISTS (SELECT FROM chunk_result WHERE effects_sha256 = g.name)
                    OR EXISTS (SELECT FROM job_group WHERE aggregator_sha256 = g.name)
                    OR EXISTS (SELECT FROM job_group WHERE result_sha256 = g.name)
                    OR EXISTS (
                        SELECT FROM upload_piece p JOIN upload u ON u.job_id = p.job_id
                        WHERE p.sha256 = g.name AND u.finished_at IS NULL)
                """, [.bytesArray(names.compactMap(HexCoding.decode))])
            return Set(try rows.map { HexCoding.encode(try $0.bytes("name")) })
        }
    }

    /// Makes the node log's partitions of the days to come and drops those that ended longer than `keep` ago; how many
    /// were dropped. Gives up after two seconds when somebody reads them for that long.
    public func tidyNodeLog(keep: Duration = Limits.nodeLogLife) async throws -> Int {
        let results = try await database.pipeline([
            Statement("SELECT set_config('lock_timeout', '2s', true)"), Partitions.lock,
            Statement("SELECT extend_node_log()"),
            Statement(
                "SELECT trim_node_log(clock_timestamp() - $1 * interval '1 microsecond')",
                [.int64(keep.wholeMicroseconds)]),
        ])
        return try results.last?.first?.int(0) ?? 0
    }

    /// Forgets events older than `keep`, and those of another life of the database; how many. At most `limit`: call
    /// again while it returns more than 0.
    public func pruneEvents(keep: Duration = Limits.eventLife, limit: Int = 10_000) async throws -> Int {
        let rows = try await database.query(
            """
            WITH oldest AS (
                SELECT xid, id FROM (SELECT xid, id, at FROM event ORDER BY xid, id LIMIT $2) o
                WHERE at < clock_timestamp() - $1 * interval '1 microsecond'
            ), foreigners AS (
                SELECT xid, id FROM event
                WHERE xid >= (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8) LIMIT $2
            ), gone AS (
                DELETE FROM event e USING (SELECT * FROM oldest UNION SELECT * FROM foreigners) o
                WHERE (e.xid, e.id) = (o.xid, o.id) RETURNING 1
            )
            SELECT count(*) FROM gone
            """, [.int64(keep.wholeMicroseconds), .int(limit)])
        return try rows.first?.int(0) ?? 0
    }

    private func fold(grace: Duration) async throws {
        _ = try await database.query(
            """
            WITH ended AS (
                SELECT r.id FROM region r JOIN job j ON j.id = r.job_id
                WHERE r.swept_at IS NULL AND r.completed IS NULL
                    AND j.finished_at < clock_timestamp() - $1 * interval '1 microsecond'
                ORDER BY r.id LIMIT 10 FOR UPDATE OF r SKIP LOCKED
            ), blobs AS (
                DELETE FROM region_blob WHERE region_id IN (SELECT id FROM ended)
            )
            UPDATE region r SET completed = c.completed, records = c.records, measured_peak = c.peak,
                attempts = lease_total(r.id),
                source = '', modes = '', environment = NULL, environment_sha256 = NULL, environment_size = NULL
            FROM ended e, LATERAL (
                SELECT count(*) AS completed, least(coalesce(sum(records), 0), 9223372036854775807)::int8 AS records,
                    coalesce(max(peak_bytes), 0) AS peak
                FROM chunk_result WHERE region_id = e.id
            ) c
            WHERE r.id = e.id
            """, [.int64(grace.wholeMicroseconds)])
    }

    private func deleteChunks(of region: RegionID, limit: Int) async throws -> Int {
        var deleted = 0
        for (table, key) in [("chunk_result", "chunk_index"), ("lease_run", "first_chunk")] {
            let rows = try await database.query(
                """
                WITH gone AS (
                    DELETE FROM \(table) WHERE region_id = $1 AND \(key) IN (
                        SELECT \(key) FROM \(table) WHERE region_id = $1 ORDER BY \(key) LIMIT $2)
                    RETURNING 1
                )
                SELECT count(*) FROM gone
                """, [.identifier(region), .int(limit - deleted)])
            deleted += try rows.first?.int(0) ?? 0
        }
        return deleted
    }
}

extension Duration {
    var wholeMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
