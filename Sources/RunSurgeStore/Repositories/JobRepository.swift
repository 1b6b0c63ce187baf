import PostgreSQL
import RunSurgeCore

/// Jobs in PostgreSQL, as their owners see them.
struct JobRepository: JobStore {
    let database: Database
    let reads: CombinedReads<OwnedJob, JobOverview>

    func createJob(
        _ specification: JobSpecification, owner: UserID, awaitsUpload: Bool, idempotency: Idempotency<Job>?
    ) async throws -> Once<Job> {
        let submission = JobRow.newSubmission()
        let statements = [
            try JobRow.insert(specification, owner: owner, submissions: [submission], isReady: !awaitsUpload),
            Statement(JobRow.select + " WHERE j.submission = $1", [.uuid(submission)]),
        ]
        let created: Once<Job>
        if idempotency == nil {
            // The usual case, in one round trip.
            created = .performed(try Self.job(try await database.pipeline(statements)))
        } else {
            created = try await database.once(idempotency) { try Self.job(try await $0.pipeline(statements)) }
        }
        if !awaitsUpload { await database.wakeups.signal(.work) }
        await database.wakeups.signal(.events)
        return created
    }

    private static func job(_ results: [[Row]]) throws -> Job {
        guard let row = results.last?.first else { throw StoreError.inconsistent("a job was not stored") }
        return try JobRow.decode(row)
    }

    func job(_ id: JobID, owner: UserID) async throws -> Job? {
        try await database.query(
            JobRow.select + " WHERE j.id = $1 AND j.owner_id = $2", [.identifier(id), .identifier(owner)]
        ).first.map(JobRow.decode)
    }

    func overview(of id: JobID, owner: UserID) async throws -> JobOverview? {
        try await reads.value(for: OwnedJob(id: id, owner: owner))
    }

    func ownerOfJob(_ id: JobID) async throws -> UserID? {
        try await database.query("SELECT owner_id FROM job WHERE id = $1", [.identifier(id)])
            .first.map { try $0.identifier("owner_id") }
    }

    func overviews(owner: UserID, before: JobID?, limit: Int) async throws -> [JobOverview] {
        try await database.query(
            JobOverviewRow.select() + """
                 WHERE j.owner_id = $1 AND j.group_id IS NULL AND j.id < $2 ORDER BY j.id DESC LIMIT $3
                """, [.identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map { try JobOverviewRow.decode($0) }
    }

    func requestCancel(_ id: JobID, owner: UserID) async throws -> Bool {
        let (rows, attempts) = try await database.countingAttempts { connection in
            try await connection.query(
                """
                WITH ended AS (
                    UPDATE job SET state = 'cancelled', finished_at = clock_timestamp()
                    WHERE id = $1 AND owner_id = $2 AND finished_at IS NULL RETURNING id
                )
                SELECT EXISTS (SELECT FROM ended) AS now, EXISTS (
                    SELECT FROM job WHERE id = $1 AND owner_id = $2 AND state = 'cancelled') AS before
                """, [.identifier(id), .identifier(owner)])
        }
        guard let row = rows.first else { return false }
        // After a lost connection, it is this call that has ended it.
        let isCancelled = try row.bool("now") || (attempts > 1 && row.bool("before"))
        if isCancelled {
            await database.wakeups.signal(.work)
            await database.wakeups.signal(.groups)
            await database.wakeups.jobsChanged([id])
        }
        return isCancelled
    }

    func log(of id: JobID, owner: UserID, stream: LogStream, offset: Int64, limit: Int) async throws -> [UInt8] {
        guard limit > 0, offset >= 0 else { return [] }
        let end = offset.addingReportingOverflow(Int64(limit))
        let rows = try await database.query(
            """
            SELECT l.start, l.bytes FROM job_log l JOIN job j ON j.id = l.job_id
            WHERE l.job_id = $1 AND j.owner_id = $2 AND l.stream = $3 AND l.start < $5 AND l.start >= coalesce((
                SELECT max(f.start) FROM job_log f WHERE f.job_id = $1 AND f.stream = $3 AND f.start <= $4), 0)
            ORDER BY l.start
            """,
            [
                .identifier(id), .identifier(owner), .int16(stream.rawValue), .int64(offset),
                .int64(end.overflow ? .max : end.partialValue),
            ])
        var bytes: [UInt8] = []
        for row in rows {
            let skipped = max(0, offset - (try row.int64("start")))
            bytes += try row.bytes("bytes").dropFirst(Int(skipped)).prefix(limit - bytes.count)
        }
        return bytes
    }

    func regions(of id: JobID, owner: UserID) async throws -> [RegionSummary] {
        let rows = try await database.query(
            """
            SELECT r.id, r.node, r.line, r.entry, r.chunk_count, r.predicted_peak,
                coalesce(r.completed, c.completed) AS completed, coalesce(r.records, c.records) AS records,
                coalesce(r.measured_peak, c.peak) AS peak
            FROM region r JOIN job j ON j.id = r.job_id, LATERAL (
                SELECT count(*) AS completed, least(coalesce(sum(records), 0), 9223372036854775807)::int8 AS records,
                    coalesce(max(peak_bytes), 0) AS peak
                FROM chunk_result WHERE region_id = r.id
            ) c
            WHERE r.job_id = $1 AND j.owner_id = $2 ORDER BY r.id
            """, [.identifier(id), .identifier(owner)])
        return try rows.map { row in
            RegionSummary(
                id: try row.identifier("id"), node: try row.int64("node"), line: try row.int64("line"),
                entry: try row.int64("entry"), chunks: try row.int64("chunk_count"),
                completed: try row.int64("completed"), records: try row.int64("records"),
                predictedPeak: try row.int64("predicted_peak"), measuredPeak: try row.int64("peak"))
        }
    }

    func chunks(of id: JobID, owner: UserID, before: ChunkPosition?, limit: Int) async throws -> [ChunkSummary] {
        try await database.query(
            """
            SELECT c.region_id, c.chunk_index, c.node_id, c.status, c.reason, c.records, c.wall_microseconds,
                c.cpu_microseconds, c.peak_bytes
            FROM job j JOIN region r ON r.job_id = j.id JOIN chunk_result c ON c.region_id = r.id
            WHERE j.id = $1 AND j.owner_id = $2 AND (c.region_id, c.chunk_index) < ($3, $4)
            ORDER BY c.region_id DESC, c.chunk_index DESC LIMIT $5
            """,
            [
                .identifier(id), .identifier(owner), .int64(before?.region.rawValue ?? .max),
                .int64(before?.index ?? .max), .int(limit),
            ]
        ).map(Self.chunk)
    }

    private static func chunk(_ row: Row) throws -> ChunkSummary {
        guard let status = OutcomeStatus(rawValue: try row.int16("status")) else {
            throw StoreError.inconsistent("a result has an unknown status")
        }
        return ChunkSummary(
            position: ChunkPosition(region: try row.identifier("region_id"), index: try row.int64("chunk_index")),
            node: try row.optionalInt64("node_id").map { NodeID($0) }, status: status,
            reason: try row.optionalString("reason"),
            records: try row.int64("records"), wallMicroseconds: try row.int64("wall_microseconds"),
            cpuMicroseconds: try row.int64("cpu_microseconds"), peakBytes: try row.int64("peak_bytes"))
    }

    func mayRead(blob sha256: String, owner: UserID) async throws -> BlobReference? {
        guard BlobReference.isValidName(sha256), let name = HexCoding.decode(sha256) else { return nil }
        let rows = try await database.query(
            """
            SELECT b.size FROM job_blob b JOIN job j ON j.id = b.job_id WHERE b.sha256 = $1 AND j.owner_id = $2
            UNION ALL SELECT aggregator_size FROM job_group WHERE aggregator_sha256 = $1 AND owner_id = $2
            UNION ALL SELECT result_size FROM job_group WHERE result_sha256 = $1 AND owner_id = $2
            LIMIT 1
            """, [.bytes(name), .identifier(owner)])
        return try rows.first.map { BlobReference(sha256: sha256, size: try $0.int64("size")) }
    }

    func nodes(owner: UserID?) async throws -> [Node] {
        try await database.query(
            NodeRow.select + " WHERE n.owner_id IS NOT DISTINCT FROM $1 ORDER BY n.id", [.identifier(owner)]
        ).map(NodeRow.decode)
    }

    func nodes(owner: UserID?, before: NodeID?, limit: Int) async throws -> [Node] {
        try await database.query(
            NodeRow.select + " WHERE n.owner_id IS NOT DISTINCT FROM $1 AND n.id < $2 ORDER BY n.id DESC LIMIT $3",
            [.identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map(NodeRow.decode)
    }

    func node(_ id: NodeID) async throws -> Node? {
        try await database.query(NodeRow.select + " WHERE n.id = $1", [.identifier(id)]).first.map(NodeRow.decode)
    }

    func nodeLog(
        of id: NodeID, owner: UserID?, before: RunSurgeCore.Timestamp?, limit: Int
    ) async throws -> [NodeLogEntry] {
        let results = try await database.pipeline([NodeLogRow.select(id, owner: owner, before: before, limit: limit)])
        return try results[0].map { try NodeLogRow.decode($0, of: id) }
    }

    func setDraining(_ node: NodeID, owner: UserID?, to isDraining: Bool) async throws -> Bool {
        let rows = try await database.query(
            "UPDATE node SET is_draining = $3 WHERE id = $1 AND owner_id IS NOT DISTINCT FROM $2 RETURNING id",
            [.identifier(node), .identifier(owner), .bool(isDraining)])
        guard !rows.isEmpty else { return false }
        await database.wakeups.signal(.work)
        await database.wakeups.signal(.events)
        return true
    }

    func waitForChange(of id: JobID, within: Duration) async throws {
        try await database.wakeups.waitForChange(of: id, within: within)
    }

    func ping() async throws {
        // Not repeated: readiness is about now.
        _ = try await database.pool.query("SELECT 1")
    }
}
