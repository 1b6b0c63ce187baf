import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    func accept(_ results: [ChunkResult], term: Int64) async throws -> [ResultVerdict] {
        if results.isEmpty { return [] }
        precondition(results.allSatisfy { $0.outcome.status.isConclusive }, "only a conclusive outcome is a result")
        let batch = Int64.random(in: .min ... .max)
        if results.count >= Self.leastCopied, let orderly = OrderlyResults(results),
            try await copy(orderly, batch: batch, term: term)
        {
            return [ResultVerdict](repeating: .accepted, count: results.count)
        }
        let stored = try await database.fenced(term, [try Self.storing(results, batch: batch)])
        guard let row = stored[0].first, try row.int("stored") == results.count else {
            return try await classify(results, batch: batch, term: term)
        }
        return [ResultVerdict](repeating: .accepted, count: results.count)
    }

    /// Fewer go in by one statement: dearer a row, but one exchange with the server instead of three.
    private static let leastCopied = 8

    /// What nearly every batch is: nothing stands against any of its results, so they are copied in whole. False, with
    /// nothing stored, when something does.
    private func copy(_ results: OrderlyResults, batch: Int64, term: Int64) async throws -> Bool {
        do {
            let rows = try results.rows(batch: batch)
            try await database.transaction { connection in
                let answers = try await connection.pipeline([
                    Statement("SELECT fence($1)", [.int64(term)]), results.check, results.counting, results.charging,
                ])
                guard try answers[1].first?.bool("is_orderly") == true else { throw Disorder() }
                try await connection.copyIn(OrderlyResults.table, columns: OrderlyResults.columns, rows)
            }
            return true
        } catch is Disorder {
            return false
        } catch let error as PostgreSQLError where error.sqlState == Self.uniqueViolation {
            // Somebody else has stored one of them meanwhile.
            return false
        }
    }

    private struct Disorder: Error {}
    private static let uniqueViolation = "23505"

    /// Stores what is wanted: of a region that is open, of a job that has not ended, under a lease that is not older
    /// than the last. Subqueries make the server look rows up by their keys, however large their tables have become.
    private static func storing(_ results: [ChunkResult], batch: Int64) throws -> Statement {
        let columns = ResultColumns(results)
        let regions = results.map { $0.token.key.region?.rawValue ?? 0 }
        return Statement(
            """
            WITH given AS (
                SELECT * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                    $20, $21)
                WITH ORDINALITY AS g (region_id, chunk_index, term, epoch, session, node_id, records, first_unit,
                    last_unit, line, wall_microseconds, cpu_microseconds, peak_bytes, effects_size, status, reason,
                    variable, effects, effects_sha256, average_bytes, position)
            ), wanted AS MATERIALIZED (
                SELECT k.id, (
                    SELECT r.chunk_count FROM region r
                    WHERE r.id = k.id AND NOT r.is_closed
                        AND (SELECT j.finished_at IS NULL FROM job j WHERE j.id = r.job_id)) AS chunk_count
                FROM unnest($22) AS k (id)
            ), stored AS (
                INSERT INTO chunk_result (region_id, chunk_index, term, epoch, session, batch, node_id, records,
                    first_unit, last_unit, line, wall_microseconds, cpu_microseconds, peak_bytes, effects_size, status,
                    reason, variable, effects, effects_sha256, average_bytes)
                SELECT g.region_id, g.chunk_index, g.term, g.epoch, g.session, $1, g.node_id, g.records, g.first_unit,
                    g.last_unit, g.line, g.wall_microseconds, g.cpu_microseconds, g.peak_bytes, g.effects_size,
                    g.status, g.reason, g.variable, g.effects, g.effects_sha256, g.average_bytes
                FROM given g JOIN wanted w ON w.id = g.region_id
                WHERE g.chunk_index >= 0 AND g.chunk_index < w.chunk_count
                    AND (
                        SELECT true FROM lease_run l
                        WHERE l.region_id = g.region_id
                            AND l.first_chunk BETWEEN g.chunk_index - 1023 AND g.chunk_index
                            AND l.first_chunk + l.chunk_count > g.chunk_index
                            AND (l.term, l.epoch) > (g.term, g.epoch)
                        LIMIT 1) IS NULL
                ORDER BY g.position
                ON CONFLICT (region_id, chunk_index) DO NOTHING
                RETURNING region_id, node_id, wall_microseconds, peak_bytes, average_bytes
            ), work AS (
                SELECT region_id, coalesce(node_id, 0) AS node_id, count(*) AS chunks,
                    least(sum(greatest(wall_microseconds, 0)), 9223372036854775807)::int8 AS active,
                    least(sum(div(
                        greatest(CASE WHEN average_bytes > 0 THEN average_bytes ELSE peak_bytes END, 0)::numeric
                            * greatest(wall_microseconds, 0), 1024)), 9223372036854775807)::int8 AS memory
                FROM stored GROUP BY region_id, coalesce(node_id, 0)
            ), charged AS (
                \(UsageRow.charging)
            ), counted AS (
                UPDATE node_total t SET completed_chunks = t.completed_chunks + s.count
                FROM (SELECT node_id, count(*) FROM stored GROUP BY node_id) s WHERE t.node_id = s.node_id
            )
            SELECT count(*) AS stored FROM stored
            """, [.int64(batch)] + (try columns.values) + [.int64Array(Array(Set(regions)))])
    }

    /// Rows of results never change, so their verdicts can be read after the commit.
    private func classify(_ results: [ChunkResult], batch: Int64, term: Int64) async throws -> [ResultVerdict] {
        let tokens = results.map(\.token)
        let rows = try await database.query(
            """
            SELECT g.position, r.batch = $1 AS is_ours, (r.term, r.epoch, r.session) = (g.term, g.epoch, g.session) AS same
            FROM unnest($2, $3, $4, $5, $6) WITH ORDINALITY AS g (region_id, chunk_index, term, epoch, session, position),
                LATERAL (SELECT * FROM chunk_result WHERE region_id = g.region_id AND chunk_index = g.chunk_index) r
            """,
            [
                .int64(batch), .int64Array(tokens.map { $0.key.region?.rawValue ?? 0 }),
                .int64Array(tokens.map(\.key.chunk)), .int64Array(tokens.map(\.term)),
                .int64Array(tokens.map(\.epoch)), .int64Array(tokens.map { Int64(bitPattern: $0.session) }),
            ])
        var verdicts = [ResultVerdict](repeating: .stale, count: results.count)
        for row in rows where try row.bool("same") {
            verdicts[try row.int("position") - 1] = try row.bool("is_ours") ? .accepted : .duplicate
        }
        var seen: Set<LeaseToken> = []
        for (index, token) in tokens.enumerated() where !seen.insert(token).inserted && verdicts[index] == .accepted {
            verdicts[index] = .duplicate
        }
        try await recordStale(zip(tokens, verdicts).filter { $0.1 == .stale }.map(\.0), term: term)
        return verdicts
    }

    func results(of region: RegionID, from: Int64, limit: Int) async throws -> [ChunkOutcome] {
        let rows = try await database.query(
            """
            SELECT chunk_index, status, records, first_unit, last_unit, effects, effects_sha256, effects_size, reason,
                variable, line, wall_microseconds, cpu_microseconds, peak_bytes, average_bytes
            FROM chunk_result WHERE region_id = $1 AND chunk_index >= $2 ORDER BY chunk_index LIMIT $3
            """, [.identifier(region), .int64(from), .int(limit)])
        return try rows.map(Self.outcome)
    }

    private static func outcome(_ row: Row) throws -> ChunkOutcome {
        guard let status = OutcomeStatus(rawValue: try row.int16("status")) else {
            throw StoreError.inconsistent("a result has an unknown status")
        }
        let blob = try row.optionalBlob("effects_sha256", "effects_size")
        let first = try row.int64("first_unit")
        return ChunkOutcome(
            index: try row.int64("chunk_index"), status: status, records: try row.int64("records"),
            range: first..<max(first, try row.int64("last_unit")),
            effects: try blob.map(Payload.blob) ?? .inline(row.bytes("effects")),
            reason: try row.optionalString("reason") ?? "", variable: try row.optionalString("variable") ?? "",
            line: try row.int64("line"), wallMicroseconds: try row.int64("wall_microseconds"),
            cpuMicroseconds: try row.int64("cpu_microseconds"), peakBytes: try row.int64("peak_bytes"),
            averageBytes: try row.int64("average_bytes"))
    }
}
