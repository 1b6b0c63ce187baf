import Logging
import PostgreSQL
import RunSurgeCore

/// The pool as the repositories use it: every operation is idempotent, so it is repeated when the connection was lost,
/// even when that was during its COMMIT.
struct Database: Sendable {
    let pool: Pool
    let wakeups: Wakeups
    let numbers = RegionNumbers()
    let patience: Duration
    let logger: Logger

    /// - Throws: `PostgreSQLError`, `StoreError.fenced`
    func query(_ sql: String, _ parameters: [SQLValue] = []) async throws -> [Row] {
        try await repeating { try await pool.query(sql, parameters) }
    }

    /// Statements in one round trip and one transaction.
    func pipeline(_ statements: [Statement]) async throws -> [[Row]] {
        try await repeating { try await pool.pipeline(statements) }
    }

    /// As `pipeline`, if `term` is still the newest. Without `isDurable`, a crash of the server may undo it.
    func fenced(_ term: Int64, isDurable: Bool = true, _ statements: [Statement]) async throws -> [[Row]] {
        var all = [Statement("SELECT fence($1)", [.int64(term)])]
        if !isDurable { all.append(Statement("SELECT set_config('synchronous_commit', 'off', true)")) }
        let own = all.count
        return Array(try await pipeline(all + statements)[own...])
    }

    /// As `fenced`, with how often it had to be tried.
    func fencedCountingAttempts(
        _ term: Int64, _ statements: [Statement]
    ) async throws -> (results: [[Row]], attempts: Int) {
        let fence = Statement("SELECT fence($1)", [.int64(term)])
        let (results, attempts) = try await countingAttempts { try await $0.pipeline([fence] + statements) }
        return (Array(results[1...]), attempts)
    }

    func countingAttempts<Value: Sendable>(
        _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> (value: Value, attempts: Int) {
        var attempts = 0
        let value = try await repeating {
            attempts += 1
            return try await pool.withConnection { try await body($0) }
        }
        return (value, attempts)
    }

    /// `body` in a transaction of several round trips, if `term` is still the newest.
    func fencedTransaction<Value: Sendable>(
        _ term: Int64, _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        try await repeating {
            try await pool.withTransaction { connection in
                _ = try await connection.query("SELECT fence($1)", [.int64(term)])
                return try await body(connection)
            }
        }
    }

    func transaction<Value: Sendable>(_ body: @Sendable (Connection) async throws -> Value) async throws -> Value {
        try await repeating { try await pool.withTransaction { try await body($0) } }
    }

    private func repeating<Value>(_ body: () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(10)
        while true {
            do {
                return try await body()
            } catch let error as PostgreSQLError {
                if error.sqlState == "RS001" { throw StoreError.fenced(term: error.detail.flatMap { Int64($0) } ?? 0) }
                guard error.isRetriable || error.kind == .commitOutcomeUnknown,
                    ContinuousClock.now - start + pause < patience
                else { throw error }
                logger.debug("database operation repeated", metadata: ["error": "\(error)"])
                try await Task.sleep(for: pause * Double.random(in: 0.5...1.5))
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }
}
