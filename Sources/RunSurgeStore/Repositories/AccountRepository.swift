import PostgreSQL
import RunSurgeCore

/// Accounts and refresh tokens in PostgreSQL.
struct AccountRepository: AccountStore {
    let database: Database

    func createUser(username: String, email: String, passwordHash: String) async throws -> User {
        do {
            let rows = try await database.query(
                "INSERT INTO app_user (username, email, password_hash) VALUES ($1, $2, $3) RETURNING id",
                [.text(username), .text(email), .text(passwordHash)])
            return User(id: try Self.first(rows).identifier("id"), username: username, email: email)
        } catch let error as PostgreSQLError where error.kind == .uniqueViolation {
            // A salted hash is never equal by chance: this very call has stored it, before its connection was lost.
            let rows = try await database.query(
                "SELECT id FROM app_user WHERE lower(username) = lower($1) AND email = $2 AND password_hash = $3",
                [.text(username), .text(email), .text(passwordHash)])
            if let row = rows.first { return User(id: try row.identifier("id"), username: username, email: email) }
            throw StoreError.conflict(field: error.constraint == "app_user_email" ? "email" : "username")
        }
    }

    func credentials(usernameOrEmail: String) async throws -> UserCredentials? {
        // Somebody may have chosen another's address as a username: the address goes first.
        let rows = try await database.query(
            """
            SELECT id, username, email, password_hash FROM app_user
            WHERE lower(username) = lower($1) OR lower(email) = lower($1)
            ORDER BY lower(email) = lower($1) DESC LIMIT 1
            """, [.text(usernameOrEmail)])
        return try rows.first.map {
            UserCredentials(user: try Self.user($0), passwordHash: try $0.string("password_hash"))
        }
    }

    func user(_ id: UserID) async throws -> User? {
        try await database.query("SELECT id, username, email FROM app_user WHERE id = $1", [.identifier(id)])
            .first.map(Self.user)
    }

    func addRefreshToken(
        hash: [UInt8], family: String, user: UserID, expires: RunSurgeCore.Timestamp
    ) async throws {
        _ = try await database.query(
            """
            INSERT INTO refresh_token (hash, family, user_id, expires_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (hash) DO NOTHING
            """, [.bytes(hash), .text(family), .identifier(user), .timestamp(expires)])
    }

    func rotateRefreshToken(
        hash: [UInt8], successor: [UInt8], expires: RunSurgeCore.Timestamp
    ) async throws -> UserID? {
        try await database.transaction { connection in
            let rows = try await connection.query(
                """
                SELECT user_id, family, successor, revoked_at IS NULL AND expires_at > clock_timestamp() AS is_valid
                FROM refresh_token WHERE hash = $1 FOR UPDATE
                """, [.bytes(hash)])
            guard let token = rows.first else { return nil }
            let user: UserID = try token.identifier("user_id")
            let family = try token.string("family")
            if let spent = try token.optionalBytes("successor") {
                // The same exchange again is this call, repeated after its connection was lost.
                if spent == successor { return try token.bool("is_valid") ? user : nil }
                try await Self.revoke(family: family, connection)
                return nil
            }
            guard try token.bool("is_valid") else { return nil }
            _ = try await connection.pipeline([
                Statement(
                    "UPDATE refresh_token SET successor = $2 WHERE hash = $1", [.bytes(hash), .bytes(successor)]),
                Statement(
                    "INSERT INTO refresh_token (hash, family, user_id, expires_at) VALUES ($1, $2, $3, $4)",
                    [.bytes(successor), .text(family), .identifier(user), .timestamp(expires)]),
            ])
            return user
        }
    }

    func revokeRefreshFamily(containing hash: [UInt8]) async throws {
        _ = try await database.query(
            """
            UPDATE refresh_token SET revoked_at = clock_timestamp()
            WHERE family = (SELECT family FROM refresh_token WHERE hash = $1) AND revoked_at IS NULL
            """, [.bytes(hash)])
    }

    private static func revoke(family: String, _ connection: Connection) async throws {
        try await connection.execute(
            "UPDATE refresh_token SET revoked_at = clock_timestamp() WHERE family = $1 AND revoked_at IS NULL",
            [.text(family)])
    }

    private static func user(_ row: Row) throws -> User {
        User(id: try row.identifier("id"), username: try row.string("username"), email: try row.string("email"))
    }

    private static func first(_ rows: [Row]) throws -> Row {
        guard let row = rows.first else { throw StoreError.inconsistent("INSERT returned no row") }
        return row
    }
}
