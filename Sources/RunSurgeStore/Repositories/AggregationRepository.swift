import PostgreSQL
import RunSurgeCore

/// What the aggregator loop reads and writes about groups, in PostgreSQL. Every write passes the fence in its own
/// transaction.
struct AggregationRepository: AggregationStore {
    let database: Database

    func groupsToAggregate(limit: Int) async throws -> [JobGroup] {
        try await database.query(
            GroupRow.select + """
                 WHERE g.state = 'pending_aggregation' AND g.aggregator_job IS NULL ORDER BY g.id LIMIT $1
                """, [.int(limit)]
        ).map(GroupRow.decode)
    }

    func memberJobs(of group: JobGroupID, after ordinal: Int, limit: Int) async throws -> [Job] {
        try await database.query(
            JobRow.select + """
                 JOIN group_member m ON m.job_id = j.id
                WHERE m.group_id = $1 AND m.ordinal > $2 ORDER BY m.ordinal LIMIT $3
                """, [.identifier(group), .int(ordinal), .int(limit)]
        ).map(JobRow.decode)
    }

    func startAggregation(
        of group: JobGroupID, specification: JobSpecification, term: Int64
    ) async throws -> JobID? {
        let job = try await database.fencedTransaction(term) { connection in
            let locked = try await connection.query(
                """
                SELECT owner_id, aggregator_job FROM job_group WHERE id = $1 AND state = 'pending_aggregation'
                FOR UPDATE
                """, [.identifier(group)])
            guard let row = locked.first else { return JobID?.none }
            if let known = try row.optionalInt64("aggregator_job") { return JobID(known) }
            let submission = JobRow.newSubmission()
            let results = try await connection.pipeline([
                try JobRow.insert(
                    specification, owner: row.identifier("owner_id"), submissions: [submission], isReady: true,
                    group: group),
                Statement(
                    """
                    UPDATE job_group SET aggregator_job = (SELECT id FROM job WHERE submission = $2) WHERE id = $1
                    RETURNING aggregator_job
                    """, [.identifier(group), .uuid(submission)]),
            ])
            return try results[1].first.map { try $0.identifier("aggregator_job") }
        }
        if job != nil {
            await database.wakeups.signal(.work)
            await database.wakeups.signal(.events)
        }
        return job
    }

    func endedAggregations(limit: Int) async throws -> [EndedAggregation] {
        let groups = try await database.query(
            GroupRow.select + """
                 JOIN job j ON j.id = g.aggregator_job
                WHERE g.state = 'pending_aggregation' AND j.finished_at IS NOT NULL ORDER BY g.id LIMIT $1
                """, [.int(limit)]
        ).map(GroupRow.decode)
        let jobs = try await database.query(
            JobRow.select + " WHERE j.id = ANY ($1)", [.identifiers(groups.compactMap(\.aggregation))]
        ).map(JobRow.decode)
        return groups.compactMap { group in
            jobs.first { $0.id == group.aggregation }.map { EndedAggregation(group: group, job: $0) }
        }
    }

    func finishGroup(
        _ id: JobGroupID, job: JobID, outcome: AggregationOutcome, term: Int64
    ) async throws -> Bool {
        let (result, failure): (BlobReference?, String?) =
            switch outcome {
            case .completed(let blob): (blob, nil)
            case .failed(let reason): (nil, reason.withoutNULs)
            }
        let (results, attempts) = try await database.fencedCountingAttempts(
            term,
            [
                Statement(
                    """
                    UPDATE job_group g SET state = $3::group_state, result_sha256 = $4, result_size = $5, failure = $6,
                        finished_at = clock_timestamp()
                    FROM job j
                    WHERE g.id = $1 AND g.aggregator_job = $2 AND j.id = $2 AND j.finished_at IS NOT NULL
                        AND g.state = 'pending_aggregation'
                    RETURNING g.id
                    """,
                    [
                        .identifier(id), .identifier(job), .text(result == nil ? "failed" : "completed"),
                        try .name(result), .int64(result?.size), .text(failure),
                    ]),
                Statement(
                    """
                    SELECT state::text = $3 AND result_sha256 IS NOT DISTINCT FROM $4 AS is_same FROM job_group
                    WHERE id = $1 AND aggregator_job = $2
                    """,
                    [
                        .identifier(id), .identifier(job), .text(result == nil ? "failed" : "completed"),
                        try .name(result),
                    ]),
            ])
        // After a lost connection, it is this call that has finished it.
        let isFinished = try !results[0].isEmpty || (attempts > 1 && results[1].first?.bool("is_same") == true)
        if isFinished { await database.wakeups.signal(.events) }
        return isFinished
    }

    func waitForGroups(within: Duration) async throws { try await database.wakeups.wait(for: .groups, within: within) }
}
