import PostgreSQL
import RunSurgeCore

/// Accounts, their sessions and refresh tokens in PostgreSQL.
struct AccountRepository: AccountStore {
    let database: Database

    func createUser(username: String, email: String, passwordHash: String) async throws -> User {
        do {
            return try await database.transaction { connection in
                // One after the other, so that one of them is the first. 1381188946 is "RSER".
                _ = try await connection.query(
                    "SELECT pg_advisory_xact_lock(1381188946, 'app_user'::regclass::oid::int4)")
                let rows = try await connection.query(
                    """
                    INSERT INTO app_user (username, email, password_hash, role)
                    SELECT $1, $2, $3, CASE WHEN EXISTS (SELECT FROM app_user WHERE password_hash <> '!') THEN 'user'
                        ELSE 'administrator' END::user_role
                    RETURNING \(UserRow.columns)
                    """, [.text(username), .text(email), .text(passwordHash)])
                guard let row = rows.first else { throw StoreError.inconsistent("INSERT returned no row") }
                return try UserRow.decode(row)
            }
        } catch let error as PostgreSQLError where error.kind == .uniqueViolation {
            // A salted hash is never equal by chance: this very call has stored it, before its connection was lost.
            let rows = try await database.query(
                """
                SELECT \(UserRow.columns) FROM app_user
                WHERE lower(username) = lower($1) AND email = $2 AND password_hash = $3
                """, [.text(username), .text(email), .text(passwordHash)])
            if let row = rows.first { return try UserRow.decode(row) }
            throw StoreError.conflict(field: error.constraint == "app_user_email" ? "email" : "username")
        }
    }

    func credentials(usernameOrEmail: String) async throws -> UserCredentials? {
        // Somebody may have chosen another's address as a username: the address goes first.
        let rows = try await database.query(
            """
            SELECT \(UserRow.columns), password_hash FROM app_user
            WHERE lower(username) = lower($1) OR lower(email) = lower($1)
            ORDER BY lower(email) = lower($1) DESC LIMIT 1
            """, [.text(usernameOrEmail)])
        return try rows.first.map {
            UserCredentials(user: try UserRow.decode($0), passwordHash: try $0.string("password_hash"))
        }
    }

    func user(_ id: UserID) async throws -> User? {
        try await database.query("SELECT \(UserRow.columns) FROM app_user WHERE id = $1", [.identifier(id)])
            .first.map(UserRow.decode)
    }

    // MARK: Sessions

    func addRefreshToken(
        hash: [UInt8], family: String, user: UserID, expires: RunSurgeCore.Timestamp, client: ClientDescription
    ) async throws {
        _ = try await database.query(
            """
            WITH opened AS (
                INSERT INTO login_session (family, user_id, expires_at, address, user_agent) VALUES ($2, $3, $4, $5, $6)
                ON CONFLICT (family) DO UPDATE SET expires_at = excluded.expires_at RETURNING id
            )
            INSERT INTO refresh_token (hash, session_id, expires_at) SELECT $1, id, $4 FROM opened
            ON CONFLICT (hash) DO NOTHING
            """,
            [
                .bytes(hash), .text(family), .identifier(user), .timestamp(expires), .text(client.address?.withoutNULs),
                .text(client.userAgent?.withoutNULs),
            ])
    }

    func rotateRefreshToken(
        hash: [UInt8], successor: [UInt8], expires: RunSurgeCore.Timestamp, client: ClientDescription
    ) async throws -> UserID? {
        try await database.transaction { connection in
            let rows = try await connection.query(
                """
                SELECT s.user_id, s.id, t.successor,
                    s.revoked_at IS NULL AND t.expires_at > clock_timestamp() AS is_valid
                FROM refresh_token t JOIN login_session s ON s.id = t.session_id WHERE t.hash = $1 FOR UPDATE
                """, [.bytes(hash)])
            guard let token = rows.first else { return nil }
            let user: UserID = try token.identifier("user_id")
            let session: LoginSessionID = try token.identifier("id")
            if let spent = try token.optionalBytes("successor") {
                // The same exchange again is this call, repeated after its connection was lost.
                if spent == successor { return try token.bool("is_valid") ? user : nil }
                try await Self.revoke(session, of: user, from: client, connection)
                return nil
            }
            guard try token.bool("is_valid") else { return nil }
            _ = try await connection.pipeline([
                Statement(
                    "UPDATE refresh_token SET successor = $2 WHERE hash = $1", [.bytes(hash), .bytes(successor)]),
                Statement(
                    "INSERT INTO refresh_token (hash, session_id, expires_at) VALUES ($1, $2, $3)",
                    [.bytes(successor), .identifier(session), .timestamp(expires)]),
                Statement(
                    """
                    UPDATE login_session SET last_used_at = clock_timestamp(), expires_at = $2,
                        address = coalesce($3, address), user_agent = coalesce($4, user_agent)
                    WHERE id = $1
                    """,
                    [
                        .identifier(session), .timestamp(expires), .text(client.address?.withoutNULs),
                        .text(client.userAgent?.withoutNULs),
                    ]),
            ])
            return user
        }
    }

    func revokeRefreshFamily(containing hash: [UInt8]) async throws {
        _ = try await database.query(
            """
            UPDATE login_session SET revoked_at = clock_timestamp()
            WHERE id = (SELECT session_id FROM refresh_token WHERE hash = $1) AND revoked_at IS NULL
            """, [.bytes(hash)])
    }

    /// Somebody else has come with a token that was spent.
    private static func revoke(
        _ session: LoginSessionID, of user: UserID, from client: ClientDescription, _ connection: Connection
    ) async throws {
        let revoked = try await connection.execute(
            "UPDATE login_session SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL",
            [.identifier(session)])
        guard revoked > 0 else { return }
        _ = try await connection.run(
            AuditRow.insert(
                "session revoked, a spent token was used", subject: "session \(session)", by: user,
                from: client.address))
    }
}
