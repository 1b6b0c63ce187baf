import PostgreSQL
import RunSurgeCore

/// Results of chunks that are all different, as runs to be checked and rows to be copied.
struct OrderlyResults {
    /// Consecutive chunks under leases of one term and epoch.
    private struct Run {
        let first: LeaseToken
        var count: Int64
    }

    private let results: [ChunkResult]
    private var runs: [Run] = []

    /// nil when they are not: then each has to be looked at by itself.
    init?(_ results: [ChunkResult]) {
        let isAscending = zip(results, results.dropFirst()).allSatisfy { Self.place($0) < Self.place($1) }
        // In the order of their keys, so that two who write at once never wait for each other in a circle.
        self.results = isAscending ? results : results.sorted { Self.place($0) < Self.place($1) }
        guard let first = self.results.first, first.token.key.chunk >= 0 else { return nil }
        var former: (RegionID, Int64)?
        for result in self.results {
            let place = Self.place(result)
            if let former, former == place { return nil }
            former = place
            if let run = runs.last, result.token.key.chunk == run.first.key.chunk + run.count,
                result.token.isGranted(with: run.first)
            {
                runs[runs.count - 1].count += 1
            } else {
                runs.append(Run(first: result.token, count: 1))
            }
        }
        guard runs.allSatisfy({ $0.first.key.chunk >= 0 }) else { return nil }
    }

    private static func place(_ result: ChunkResult) -> (RegionID, Int64) {
        (result.token.key.region ?? RegionID(0), result.token.key.chunk)
    }

    // MARK: The check

    /// Whether nothing stands against any of them: no region that is closed, over or too short, no newer lease, no
    /// other result. Subqueries with a LIMIT make the server look rows up by their keys, however large their tables.
    var check: Statement {
        let last = Dictionary(
            runs.map { ($0.first.key.region ?? RegionID(0), $0.first.key.chunk + $0.count - 1) }, uniquingKeysWith: max)
        return Statement(
            """
            SELECT (
                SELECT bool_and(coalesce((
                    SELECT (SELECT j.finished_at IS NULL FROM job j WHERE j.id = r.job_id) FROM region r
                    WHERE r.id = k.id AND NOT r.is_closed AND k.last < r.chunk_count LIMIT 1), false))
                FROM unnest($1, $2) AS k (id, last)
            ) AND (
                SELECT bool_and((
                    SELECT true FROM lease_run l
                    WHERE l.region_id = s.region_id AND l.first_chunk BETWEEN s.first - 1023 AND s.last
                        AND l.first_chunk + l.chunk_count > s.first AND (l.term, l.epoch) > (s.term, s.epoch)
                    LIMIT 1) IS NULL AND (
                    SELECT true FROM chunk_result c
                    WHERE c.region_id = s.region_id AND c.chunk_index BETWEEN s.first AND s.last LIMIT 1) IS NULL)
                FROM unnest($3, $4, $5, $6, $7) AS s (region_id, first, last, term, epoch)
            ) AS is_orderly
            """,
            [
                .identifiers(last.keys), .int64Array(Array(last.values)),
                .int64Array(runs.map { $0.first.key.region?.rawValue ?? 0 }), .int64Array(runs.map(\.first.key.chunk)),
                .int64Array(runs.map { $0.first.key.chunk + $0.count - 1 }), .int64Array(runs.map(\.first.term)),
                .int64Array(runs.map(\.first.epoch)),
            ])
    }

    // MARK: The rows

    /// How many each node has completed.
    var counting: Statement {
        var counts: [NodeID: Int64] = [:]
        for result in results {
            if let node = result.node { counts[node, default: 0] += 1 }
        }
        return Statement(
            """
            UPDATE node_total t SET completed_chunks = t.completed_chunks + n.count
            FROM unnest($1, $2) AS n (id, count) WHERE t.node_id = n.id
            """, [.identifiers(counts.keys), .int64Array(Array(counts.values))])
    }

    /// What each node has done for each region.
    var charging: Statement {
        struct Part: Hashable {
            let region: Int64
            let node: Int64
        }
        var works: [Part: (chunks: Int64, active: Int64, memory: Int64)] = [:]
        for result in results {
            let part = Part(region: result.token.key.region?.rawValue ?? 0, node: result.node?.rawValue ?? 0)
            let former = works[part] ?? (0, 0, 0)
            works[part] = (
                former.chunks + 1, former.active.adding(max(0, result.outcome.wallMicroseconds)),
                former.memory.adding(result.outcome.memoryTime)
            )
        }
        let parts = Array(works)
        return Statement(
            """
            WITH work AS (SELECT * FROM unnest($1, $2, $3, $4, $5) AS w (region_id, node_id, chunks, active, memory))
            \(UsageRow.charging)
            """,
            [
                .int64Array(parts.map(\.key.region)), .int64Array(parts.map(\.key.node)),
                .int64Array(parts.map(\.value.chunks)), .int64Array(parts.map(\.value.active)),
                .int64Array(parts.map(\.value.memory)),
            ])
    }

    static let table = "chunk_result"
    static let columns = [
        "region_id", "chunk_index", "term", "epoch", "session", "batch", "node_id", "records", "first_unit",
        "last_unit", "line", "wall_microseconds", "cpu_microseconds", "peak_bytes", "effects_size", "status", "reason",
        "variable", "effects", "effects_sha256", "average_bytes",
    ]

    func rows(batch: Int64) throws -> BinaryRows {
        var rows = BinaryRows(columnCount: Self.columns.count)
        for result in results {
            let (token, outcome) = (result.token, result.outcome)
            rows.beginRow()
            rows.append(token.key.region?.rawValue ?? 0)
            rows.append(token.key.chunk)
            rows.append(token.term)
            rows.append(token.epoch)
            rows.append(Int64(bitPattern: token.session))
            rows.append(batch)
            rows.append(result.node?.rawValue)
            for value in [
                outcome.records, outcome.range.lowerBound, outcome.range.upperBound, outcome.line,
                outcome.wallMicroseconds, outcome.cpuMicroseconds, outcome.peakBytes,
            ] {
                rows.append(value)
            }
            rows.append(outcome.effects.blob?.size)
            rows.append(outcome.status.rawValue)
            rows.append(text: outcome.reason)
            rows.append(text: outcome.variable)
            switch outcome.effects {
            case .inline(let bytes):
                rows.append(bytes)
                rows.appendNull()
            case .blob(let blob):
                rows.appendNull()
                rows.append(try blob.nameBytes)
            }
            rows.append(outcome.averageBytes)
        }
        return rows
    }
}

extension BinaryRows {
    fileprivate mutating func append(_ value: Int64?) {
        if let value { append(value) } else { appendNull() }
    }

    /// An empty text is NULL.
    fileprivate mutating func append(text: String) {
        if text.isEmpty { appendNull() } else { append(text.withoutNULs.utf8) }
    }
}
