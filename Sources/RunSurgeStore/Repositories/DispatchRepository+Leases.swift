import PostgreSQL
import RunSurgeCore

extension DispatchRepository {
    func recordLeases(_ leases: [LeaseRecord], term: Int64) async throws {
        // A statement can write a row once: of several leases of one unit the newest counts.
        var newest: [WorkKey: LeaseRecord] = [:]
        for lease in leases {
            if let other = newest[lease.token.key], !lease.token.isNewer(than: other.token) { continue }
            newest[lease.token.key] = lease
        }
        let drivers = newest.values.filter(\.token.key.isDriver)
        let chunks = newest.values.filter { !$0.token.key.isDriver }
        var statements: [Statement] = []
        if !chunks.isEmpty { statements.append(Self.leasing(chunks: chunks)) }
        if !drivers.isEmpty { statements.append(Self.leasing(drivers: drivers)) }
        if statements.isEmpty { return }
        _ = try await database.fenced(term, isDurable: false, statements)
        await database.wakeups.jobsChanged(drivers.map(\.token.key.job))
    }

    private static func leasing(chunks: [LeaseRecord]) -> Statement {
        Statement(
            """
            INSERT INTO chunk_lease AS l (region_id, chunk_index, term, epoch, session, node_id)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
            ON CONFLICT (region_id, chunk_index) DO UPDATE SET term = excluded.term, epoch = excluded.epoch,
                session = excluded.session, node_id = excluded.node_id
            WHERE (excluded.term, excluded.epoch) > (l.term, l.epoch)
            """,
            [
                .int64Array(chunks.map { $0.token.key.region?.rawValue ?? 0 }),
                .int64Array(chunks.map(\.token.key.chunk)), .int64Array(chunks.map(\.token.term)),
                .int64Array(chunks.map(\.token.epoch)),
                .int64Array(chunks.map { Int64(bitPattern: $0.token.session) }), .identifiers(chunks.map(\.node)),
            ])
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
