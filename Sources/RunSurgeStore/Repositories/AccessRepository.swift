import PostgreSQL
import RunSurgeCore

/// Rights and their history in PostgreSQL.
struct AccessRepository: AccessStore {
    let database: Database

    // MARK: Tokens

    private static let tokenColumns = "id, owner_id, name, created_at, last_used_at, expires_at, revoked_at"

    func addToken(
        hash: [UInt8], name: String, owner: UserID, expires: RunSurgeCore.Timestamp?, client: ClientDescription,
        idempotency: Idempotency<APIToken>?
    ) async throws -> Once<APIToken> {
        try await database.once(idempotency) { connection in
            // One after the other for each owner, so that they are counted.
            _ = try await connection.query("SELECT id FROM app_user WHERE id = $1 FOR UPDATE", [.identifier(owner)])
            // The same hash again is this call, repeated after its connection was lost.
            let rows = try await connection.query(
                """
                INSERT INTO api_token (hash, owner_id, name, expires_at)
                SELECT $1, $2, $3, $4 WHERE $5 > (
                    SELECT count(*) FROM api_token WHERE owner_id = $2 AND hash <> $1 AND revoked_at IS NULL
                        AND (expires_at IS NULL OR expires_at > clock_timestamp()))
                ON CONFLICT (hash) DO UPDATE SET name = excluded.name WHERE api_token.owner_id = excluded.owner_id
                RETURNING \(Self.tokenColumns)
                """,
                [
                    .bytes(hash), .identifier(owner), .text(name.withoutNULs),
                    .timestamp(expires.map { PostgreSQL.Timestamp(microseconds: $0.microseconds) }),
                    .int(Limits.apiTokens),
                ])
            guard let token = try rows.first.map(Self.token) else { throw StoreError.conflict(field: "token") }
            _ = try await connection.run(
                AuditRow.insert("API token made", subject: token.subject, by: owner, from: client.address))
            return token
        }
    }

    func tokens(owner: UserID, before: APITokenID?, limit: Int) async throws -> [APIToken] {
        try await database.query(
            "SELECT \(Self.tokenColumns) FROM api_token WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            [.identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map(Self.token)
    }

    func revokeToken(_ id: APITokenID, owner: UserID, client: ClientDescription) async throws -> Bool {
        try await database.transaction { connection in
            let rows = try await connection.query(
                """
                UPDATE api_token SET revoked_at = clock_timestamp()
                WHERE id = $1 AND owner_id = $2 AND revoked_at IS NULL RETURNING \(Self.tokenColumns)
                """, [.identifier(id), .identifier(owner)])
            guard let token = try rows.first.map(Self.token) else { return false }
            _ = try await connection.run(
                AuditRow.insert("API token revoked", subject: token.subject, by: owner, from: client.address))
            return true
        }
    }

    func useToken(hash: [UInt8]) async throws -> User? {
        // Reading is the rule: a use is written once a minute.
        let rows = try await database.query(
            """
            SELECT u.id, u.username, u.email, u.role::text AS role,
                t.last_used_at IS NULL OR t.last_used_at < clock_timestamp() - interval '1 minute' AS is_stale
            FROM api_token t JOIN app_user u ON u.id = t.owner_id
            WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
            """, [.bytes(hash)])
        guard let row = rows.first else { return nil }
        if try row.bool("is_stale") {
            _ = try await database.pipeline([
                Statement("SELECT set_config('synchronous_commit', 'off', true)"),
                Statement("UPDATE api_token SET last_used_at = clock_timestamp() WHERE hash = $1", [.bytes(hash)]),
            ])
        }
        return try UserRow.decode(row)
    }

    private static func token(_ row: Row) throws -> APIToken {
        APIToken(
            id: try row.identifier("id"), owner: try row.identifier("owner_id"), name: try row.string("name"),
            createdAt: try row.moment("created_at"), lastUsedAt: try row.optionalMoment("last_used_at"),
            expiresAt: try row.optionalMoment("expires_at"), revokedAt: try row.optionalMoment("revoked_at"))
    }

    // MARK: Sessions

    func sessions(owner: UserID, before: LoginSessionID?, limit: Int) async throws -> [LoginSession] {
        try await database.query(
            """
            SELECT id, address, user_agent, created_at, last_used_at, expires_at FROM login_session
            WHERE user_id = $1 AND id < $2 AND revoked_at IS NULL AND expires_at > clock_timestamp()
            ORDER BY id DESC LIMIT $3
            """, [.identifier(owner), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map {
            LoginSession(
                id: try $0.identifier("id"),
                client: ClientDescription(
                    address: try $0.optionalString("address"), userAgent: try $0.optionalString("user_agent")),
                createdAt: try $0.moment("created_at"), lastUsedAt: try $0.moment("last_used_at"),
                expiresAt: try $0.moment("expires_at"))
        }
    }

    func revokeSession(_ id: LoginSessionID, owner: UserID, client: ClientDescription) async throws -> Bool {
        try await database.transaction { connection in
            let revoked = try await connection.execute(
                """
                UPDATE login_session SET revoked_at = clock_timestamp()
                WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL
                """, [.identifier(id), .identifier(owner)])
            guard revoked > 0 else { return false }
            _ = try await connection.run(
                AuditRow.insert("session revoked", subject: "session \(id)", by: owner, from: client.address))
            return true
        }
    }

    // MARK: Roles and quotas

    func setRole(_ role: UserRole, of username: String, by: UserID?) async throws -> User? {
        try await database.transaction { connection in
            let rows = try await connection.query(
                """
                UPDATE app_user SET role = $2::user_role WHERE lower(username) = lower($1)
                RETURNING \(UserRow.columns)
                """, [.text(username.withoutNULs), .text(role.rawValue)])
            guard let user = try rows.first.map(UserRow.decode) else { return nil }
            _ = try await connection.run(
                AuditRow.insert("role set", subject: "user \(user.id) is \(role.rawValue)", by: by, from: nil))
            return user
        }
    }

    func setQuota(_ quota: Quota?, of user: UserID, by: UserID?) async throws -> Bool {
        try await database.transaction { connection in
            let changed = try await connection.execute(
                "UPDATE app_user SET blob_quota = $2, job_quota = $3 WHERE id = $1",
                [.identifier(user), .int64(quota?.blobBytes), .int(quota?.jobs)])
            guard changed > 0 else { return false }
            let limits = quota.map { "\($0.blobBytes) bytes, \($0.jobs) jobs" } ?? "the usual"
            _ = try await connection.run(
                AuditRow.insert("quota set", subject: "user \(user): \(limits)", by: by, from: nil))
            return true
        }
    }

    func standing(of user: UserID) async throws -> QuotaStanding? {
        let rows = try await database.query(
            """
            SELECT u.blob_quota, u.job_quota,
                (SELECT count(*) FROM job WHERE owner_id = $1 AND finished_at IS NULL) AS jobs,
                (
                    SELECT least(coalesce(sum(size), 0), 9223372036854775807)::int8 FROM (
                        SELECT b.sha256, b.size FROM job j JOIN job_blob b ON b.job_id = j.id WHERE j.owner_id = $1
                        UNION SELECT aggregator_sha256, aggregator_size FROM job_group WHERE owner_id = $1
                        UNION SELECT result_sha256, result_size FROM job_group WHERE owner_id = $1
                        UNION SELECT p.sha256, p.size FROM job j JOIN upload a ON a.job_id = j.id
                            JOIN upload_piece p ON p.job_id = j.id
                            WHERE j.owner_id = $1 AND NOT j.is_ready AND a.finished_at IS NULL
                    ) blobs
                ) AS bytes
            FROM app_user u WHERE u.id = $1
            """, [.identifier(user)])
        return try rows.first.map { row in
            var quota = Quota()
            if let bytes = try row.optionalInt64("blob_quota"), let jobs = try row.optionalInt("job_quota") {
                quota = Quota(blobBytes: bytes, jobs: jobs)
            }
            return QuotaStanding(quota: quota, blobBytes: try row.int64("bytes"), jobs: try row.int("jobs"))
        }
    }

    // MARK: Audit

    func audit(_ action: String, subject: String, by user: UserID?, client: ClientDescription) async throws {
        _ = try await database.pipeline([
            AuditRow.insert(action, subject: subject, by: user, from: client.address)
        ])
    }

    func auditLog(of user: UserID?, before: AuditEntryID?, limit: Int) async throws -> [AuditEntry] {
        let condition = user == nil ? "$1::int8 IS NULL" : "user_id = $1"
        return try await database.query(
            """
            SELECT id, at, user_id, action, subject, address FROM audit_log
            WHERE \(condition) AND id < $2 ORDER BY id DESC LIMIT $3
            """, [.identifier(user), .int64(before?.rawValue ?? .max), .int(limit)]
        ).map(AuditRow.decode)
    }
}

extension APIToken {
    /// How the audit names it.
    fileprivate var subject: String { "API token \(id) \(name)" }
}
