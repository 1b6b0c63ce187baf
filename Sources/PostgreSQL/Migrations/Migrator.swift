public import Logging

/// Brings the schema that is first in a connection's `search_path` to the newest of its migrations: forward only, each
/// in a transaction of its own, one migrator at a time.
public struct Migrator: Sendable {
    private struct Applied {
        let number: Int
        let name: String
        let hasThisText: Bool
    }

    /// First half of the key of the advisory lock; the second is the schema's.
    private static let lockClass: Int32 = 0x5253_4D47  // "RSMG"

    private let migrations: [any Migration]
    private let logger: Logger

    /// - Precondition: the numbers of `migrations` are 1, 2, 3, ….
    public init(_ migrations: [any Migration], logger: Logger = Logger(label: "runsurge.postgresql")) {
        precondition(migrations.map(\.number) == Array(1..<migrations.count + 1), "migrations are numbered 1, 2, 3, …")
        self.migrations = migrations
        self.logger = logger
    }

    /// Applies what is missing and returns its numbers. Waits while another process migrates the same schema.
    ///
    /// Throws `.migration`, with a sentence to show, when the schema is newer than `migrations` or was made by others;
    /// otherwise what a statement threw, with everything before that migration kept.
    @discardableResult
    public func migrate(_ connection: Connection) async throws -> [Int] {
        if try await isCurrent(connection) { return [] }
        let key = "\(Self.lockClass), hashtext(current_schema())"
        // How long another migration runs is no concern of the statement timeout.
        try await connection.script("SET statement_timeout = 0; SELECT pg_advisory_lock(\(key))")
        do {
            let applied = try await applyMissing(connection)
            try await connection.script("SELECT pg_advisory_unlock(\(key)); RESET statement_timeout")
            return applied
        } catch {
            // A broken connection has given the lock back already.
            try? await connection.script(
                "SELECT pg_advisory_unlock(\(key)); RESET statement_timeout", isCancellable: false)
            throw error
        }
    }

    /// Without a lock: true is final, because migrations only go forward.
    private func isCurrent(_ connection: Connection) async throws -> Bool {
        let table = try await connection.query("SELECT to_regclass('schema_migration') IS NOT NULL AS found")
        guard try table.first?.bool("found") == true else { return false }
        return try await check(applied(connection)) == migrations.count
    }

    private func applyMissing(_ connection: Connection) async throws -> [Int] {
        try await connection.script(
            """
            CREATE TABLE IF NOT EXISTS schema_migration (
                number int8 PRIMARY KEY CHECK (number > 0),
                name text NOT NULL,
                checksum bytea NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """)
        let count = try await check(applied(connection))
        for migration in migrations[count...] { try await apply(migration, connection) }
        return migrations[count...].map(\.number)
    }

    private func apply(_ migration: any Migration, _ connection: Connection) async throws {
        try await connection.transaction { connection in
            try await connection.script(migration.sql)
            try await connection.execute(
                "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, sha256(convert_to($3, 'UTF8')))",
                [.int(migration.number), .text(migration.name), .text(migration.sql)])
        }
        logger.info(
            "schema migrated", metadata: ["number": "\(migration.number)", "name": "\(migration.name)"])
    }

    private func applied(_ connection: Connection) async throws -> [Applied] {
        let rows = try await connection.query(
            """
            SELECT m.number, m.name, coalesce(m.checksum = sha256(convert_to(k.sql, 'UTF8')), false) AS same
            FROM schema_migration m LEFT JOIN unnest($1, $2) AS k (number, sql) USING (number) ORDER BY m.number
            """,
            [.int64Array(migrations.map { Int64($0.number) }), .textArray(migrations.map(\.sql))])
        return try rows.map {
            Applied(number: try $0.int("number"), name: try $0.string("name"), hasThisText: try $0.bool("same"))
        }
    }

    /// Returns how many of `migrations` are applied.
    private func check(_ applied: [Applied]) throws(PostgreSQLError) -> Int {
        if let newest = applied.last, newest.number > migrations.count {
            throw Self.refusal(
                "The database has schema version \(newest.number), this program knows \(migrations.count):"
                    + " start a newer version of the program.")
        }
        for (position, migration) in applied.enumerated() {
            guard migration.number == position + 1, migration.hasThisText else {
                throw Self.refusal(
                    "Migration \(migration.number) (\(migration.name)) of the database is not the one of this program:"
                        + " use the program that made the database, or an empty database.")
            }
        }
        return applied.count
    }

    private static func refusal(_ sentence: String) -> PostgreSQLError {
        PostgreSQLError(kind: .migration, message: sentence)
    }
}
