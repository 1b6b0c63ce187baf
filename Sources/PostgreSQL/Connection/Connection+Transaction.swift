extension Connection {
    /// Runs `body` between BEGIN and COMMIT, once; rolls back when it throws. See `Pool.withTransaction`.
    ///
    /// Throws what `body` throws; `.transactionAborted` when a statement's error was swallowed in `body`;
    /// `.commitOutcomeUnknown` when the connection was lost during COMMIT.
    public func transaction<Value>(
        _ level: IsolationLevel = .readCommitted, readOnly: Bool = false,
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Value
    ) async throws -> Value {
        try await script("BEGIN ISOLATION LEVEL \(level.rawValue)\(readOnly ? " READ ONLY" : "")")
        let value: Value
        do {
            value = try await body(self)
        } catch {
            // What cannot be rolled back is broken, and rolled back by the server.
            if status == .inTransaction { try? await script("ROLLBACK", isCancellable: false) }
            throw error
        }
        try await commit()
        return value
    }
}
