import PostgreSQL
import RunSurgeCore

/// What the master's loops read and write, in PostgreSQL. Every write passes the fence in its own transaction.
struct DispatchRepository: DispatchStore {
    let database: Database

    func beginTerm() async throws -> Int64 {
        let rows = try await database.query("SELECT begin_term() AS term")
        _ = try await database.pipeline(Partitions.ofAttempts)
        guard let row = rows.first else { throw StoreError.inconsistent("begin_term returned no row") }
        return try row.int64("term")
    }

    // MARK: Jobs

    func submittedJobs(excluding known: Set<JobID>, limit: Int) async throws -> [Job] {
        try await first(
            limit, JobRow.selectFirst("q.planned_at IS NULL AND q.finished_at IS NULL AND q.is_ready"), excluding: known
        )
    }

    func storePlan(_ plan: [UInt8], job: JobID, term: Int64) async throws {
        // What is lost with the server is planned again.
        _ = try await database.fenced(
            term, isDurable: false,
            [
                Statement(
                    """
                    WITH planned AS (
                        UPDATE job SET state = 'pending_schedule', planned_at = clock_timestamp()
                        WHERE id = $1 AND state = 'submitted' AND is_ready RETURNING id
                    )
                    UPDATE job_detail d SET plan = $2 FROM planned p WHERE d.job_id = p.id
                    """, [.identifier(job), .bytes(plan)])
            ])
        await database.wakeups.jobsChanged([job])
    }

    func failJob(_ id: JobID, reason: String, term: Int64) async throws {
        _ = try await database.fenced(
            term,
            [
                Statement(
                    // Without its session, the driver's own result comes too late, and is not taken for a duplicate.
                    """
                    WITH ended AS (
                        UPDATE job SET state = 'failed', finished_at = clock_timestamp(), driver_session = 0
                        WHERE id = $1 AND finished_at IS NULL RETURNING id
                    )
                    UPDATE job_detail d SET failure = $2 FROM ended e WHERE d.job_id = e.id
                    """, [.identifier(id), .text(reason.withoutNULs)])
            ])
        await jobEnded(id)
    }

    func waitForWork(within: Duration) async throws {
        try await database.wakeups.wait(for: .work, within: within)
    }

    func unfinishedJobs(excluding known: Set<JobID>, limit: Int) async throws -> [Job] {
        try await first(
            limit, JobRow.selectFirst("q.finished_at IS NULL AND q.state IN ('pending_schedule', 'running')"),
            excluding: known)
    }

    private func first(_ limit: Int, _ sql: String, excluding known: Set<JobID>) async throws -> [Job] {
        let results = try await database.pipeline([
            // The order comes from the queue's index: statistics that are a minute old may say that the queue is short
            // and soon sorted.
            Statement("SELECT set_config('enable_sort', 'off', true)"),
            Statement(sql, [.identifiers(known), .int(limit)]),
        ])
        return try results.last?.map(JobRow.decode) ?? []
    }

    func cancelledJobs(among known: Set<JobID>) async throws -> Set<JobID> {
        if known.isEmpty { return [] }
        let rows = try await database.query(
            "SELECT id FROM job WHERE id = ANY ($1) AND state = 'cancelled'", [.identifiers(known)])
        return Set(try rows.map { try $0.identifier("id") })
    }

    // MARK: Drivers

    func finish(_ result: DriverResult, term: Int64) async throws -> ResultVerdict {
        let token = result.token
        let statement = try Self.finishing(result)
        let (results, attempts) = try await database.fencedCountingAttempts(
            term,
            [
                statement,
                Statement(
                    """
                    SELECT coalesce(state IN ('completed', 'failed')
                        AND (driver_term, driver_epoch, driver_session) = ($2, $3, $4), false) AS is_same
                    FROM job WHERE id = $1
                    """,
                    [
                        .identifier(token.key.job), .int64(token.term), .int64(token.epoch),
                        .int64(Int64(bitPattern: token.session)),
                    ]),
            ])
        if try results[0].first?.bool("is_new") == true {
            await jobEnded(token.key.job)
            return .accepted
        }
        guard try results[1].first?.bool("is_same") == true else {
            try await recordStale([token], term: term)
            return .stale
        }
        // After a lost connection, it is this call that has stored it.
        if attempts > 1 { await jobEnded(token.key.job) }
        return attempts > 1 ? .accepted : .duplicate
    }

    private func jobEnded(_ id: JobID) async {
        await database.wakeups.signal(.groups)
        await database.wakeups.jobsChanged([id])
    }

    /// A result of a lease that has expired is good as long as nobody was given another.
    private static func finishing(_ result: DriverResult) throws -> Statement {
        let outcome = result.failure == nil ? result.outcome : nil
        let blobs = outcome.map { Array(Set([$0.standardOutput, $0.standardError] + $0.outputs.map(\.blob))) } ?? []
        let usage = result.usage.map { [$0] } ?? []
        let failure = outcome == nil ? result.failure ?? "The script's result is missing." : nil
        return Statement(
            """
            WITH ended AS (
                UPDATE job SET state = $2::job_state, exit_status = $3, finished_at = clock_timestamp(),
                    driver_term = $4, driver_epoch = $5, driver_session = $6
                WHERE id = $1 AND state IN ('pending_schedule', 'running')
                    AND ($4, $5) >= (driver_term, driver_epoch)
                RETURNING id, owner_id, group_id
            ), detail AS (
                UPDATE job_detail d SET failure = $7, output_sha256 = $8, output_size = $9, error_sha256 = $10,
                    error_size = $11, files = $12, deleted = $13, report = $14
                FROM ended e WHERE d.job_id = e.id
            ), blobs AS (
                INSERT INTO job_blob (job_id, sha256, size)
                SELECT e.id, b.sha256, b.size FROM ended e, unnest($15, $16) AS b (sha256, size)
                ON CONFLICT DO NOTHING
            ), charged AS (
                INSERT INTO usage_entry (job_id, region_id, node_id, factor, group_id, payer_id, earner_id, chunks,
                    active_microseconds, memory_time)
                SELECT e.id, 0, u.node_id, coalesce(n.price_factor, 1000), e.group_id, e.owner_id, n.owner_id, 1,
                    u.active, u.memory
                FROM ended e CROSS JOIN unnest($17, $18, $19) AS u (node_id, active, memory)
                    LEFT JOIN node n ON n.id = u.node_id
                ON CONFLICT DO NOTHING
            )
            SELECT true AS is_new FROM ended
            """,
            [
                .identifier(result.token.key.job), .text(outcome == nil ? "failed" : "completed"),
                .int32(outcome?.exitStatus), .int64(result.token.term), .int64(result.token.epoch),
                .int64(Int64(bitPattern: result.token.session)), .text(failure?.withoutNULs),
                try .name(outcome?.standardOutput), .int64(outcome?.standardOutput.size),
                try .name(outcome?.standardError), .int64(outcome?.standardError.size),
                try outcome.map { try JobRow.encodeJSON($0.outputs) } ?? .json(nil),
                outcome.map { .textArray($0.deleted) } ?? .nullTextArray, .bytes(outcome?.report),
                .bytesArray(try blobs.map { try $0.nameBytes }), .int64Array(blobs.map(\.size)),
                .int64Array(usage.map(\.node.rawValue)), .int64Array(usage.map(\.activeMicroseconds)),
                .int64Array(usage.map(\.memoryTime)),
            ])
    }

    func releaseDriver(of job: JobID, epoch: Int64, term: Int64) async throws {
        _ = try await database.fenced(
            term,
            [
                Statement(
                    """
                    UPDATE job SET state = 'pending_schedule' WHERE id = $1 AND state = 'running' AND driver_epoch = $2
                    """, [.identifier(job), .int64(epoch)])
            ])
        await database.wakeups.jobsChanged([job])
    }

    // MARK: Attempts

    func attempts(of job: JobID) async throws -> AttemptTotals {
        let rows = try await database.query(
            """
            SELECT j.driver_epoch + coalesce((
                    SELECT sum(coalesce(r.attempts, lease_total(r.id)))
                    FROM region r WHERE r.job_id = j.id), 0) AS total,
                a.lost, a.out_of_memory, a.stale
            FROM job j, LATERAL (
                SELECT count(*) FILTER (WHERE cause IN (1, 2, 4)) AS lost,
                    count(*) FILTER (WHERE cause = 3) AS out_of_memory, count(*) FILTER (WHERE cause = 5) AS stale
                FROM attempt WHERE job_id = j.id
            ) a
            WHERE j.id = $1
            """, [.identifier(job)])
        guard let row = rows.first else { return AttemptTotals(total: 0, lost: 0, outOfMemory: 0, stale: 0) }
        return AttemptTotals(
            total: try row.int64("total"), lost: try row.int64("lost"), outOfMemory: try row.int64("out_of_memory"),
            stale: try row.int64("stale"))
    }

    func recordLosses(_ losses: [AttemptLoss], term: Int64) async throws {
        try await record(losses.map { ($0.token, $0.cause.rawValue) }, term: term)
    }

    func recordStale(_ tokens: [LeaseToken], term: Int64) async throws {
        try await record(tokens.map { ($0, 5) }, term: term)
    }

    private func record(_ attempts: [(token: LeaseToken, cause: Int16)], term: Int64) async throws {
        if attempts.isEmpty { return }
        let tokens = attempts.map(\.token)
        _ = try await database.fenced(
            term,
            [
                Statement(
                    """
                    INSERT INTO attempt (job_id, region_id, chunk_index, term, epoch, session, cause)
                    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
                    """,
                    [
                        .identifiers(tokens.map(\.key.job)), .int64Array(tokens.map { $0.key.region?.rawValue ?? 0 }),
                        .int64Array(tokens.map(\.key.chunk)), .int64Array(tokens.map(\.term)),
                        .int64Array(tokens.map(\.epoch)),
                        .int64Array(tokens.map { Int64(bitPattern: $0.session) }),
                        .int16Array(attempts.map(\.cause)),
                    ])
            ])
    }
}
