import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    func recordLeases(_ leases: [LeaseRecord], term: Int64) async throws {
        // A statement can write a row once: of several leases of one driver the newest counts.
        var drivers: [JobID: LeaseRecord] = [:]
        var chunks: [LeaseRecord] = []
        for lease in leases {
            guard lease.token.key.isDriver else {
                chunks.append(lease)
                continue
            }
            if let other = drivers[lease.token.key.job], !lease.token.isNewer(than: other.token) { continue }
            drivers[lease.token.key.job] = lease
        }
        var statements: [Statement] = []
        if !chunks.isEmpty { statements.append(Self.leasing(chunks: chunks)) }
        if !drivers.isEmpty { statements.append(Self.leasing(drivers: Array(drivers.values))) }
        if statements.isEmpty { return }
        _ = try await database.fenced(term, isDurable: false, statements)
        await database.wakeups.jobsChanged(drivers.keys)
    }

    private static func leasing(chunks: [LeaseRecord]) -> Statement {
        Statement(
            """
            INSERT INTO lease_run (region_id, first_chunk, chunk_count, term, epoch, session, node_id)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """, LeaseRuns(chunks).values)
    }

    private static func leasing(drivers: [LeaseRecord]) -> Statement {
        Statement(
            """
            UPDATE job j SET state = 'running', driver_term = d.term, driver_epoch = d.epoch,
                driver_session = d.session, started_at = coalesce(j.started_at, clock_timestamp())
            FROM unnest($1, $2, $3, $4) AS d (job_id, term, epoch, session)
            WHERE j.id = d.job_id AND j.state IN ('pending_schedule', 'running')
                AND (d.term, d.epoch) > (j.driver_term, j.driver_epoch)
            """,
            [
                .identifiers(drivers.map(\.token.key.job)), .int64Array(drivers.map(\.token.term)),
                .int64Array(drivers.map(\.token.epoch)),
                .int64Array(drivers.map { Int64(bitPattern: $0.token.session) }),
            ])
    }
}

extension LeaseToken {
    /// Whether this lease of the same unit was granted after `other`.
    func isNewer(than other: LeaseToken) -> Bool { (term, epoch) > (other.term, other.epoch) }
}
