import PostgreSQL
import Testing

@Suite struct TransactionTests {
    private struct Refusal: Error {}

    private func pool() async throws -> Pool {
        let pool = Pool(try await TestServer.schema(), configuration: PoolConfiguration(maximumConnections: 4))
        _ = try await pool.execute("CREATE TABLE account (id int8 PRIMARY KEY, balance int8 NOT NULL)")
        _ = try await pool.execute("INSERT INTO account VALUES (1, 0), (2, 0)")
        return pool
    }

    @Test func commitsWhatReturnsAndRollsBackWhatThrows() async throws {
        let pool = try await pool()
        _ = try await pool.withTransaction { try await $0.execute("UPDATE account SET balance = 1 WHERE id = 1") }
        await #expect(throws: Refusal.self) {
            try await pool.withTransaction { connection in
                try await connection.execute("UPDATE account SET balance = 2 WHERE id = 1")
                throw Refusal()
            }
        }
        #expect(try await pool.query("SELECT balance FROM account WHERE id = 1")[0].int(0) == 1)
        await pool.close()
    }

    @Test func aSwallowedErrorIsNotACommit() async throws {
        let pool = try await pool()
        await #expect {
            try await pool.withTransaction { connection in
                try await connection.execute("UPDATE account SET balance = 5 WHERE id = 1")
                _ = try? await connection.execute("INSERT INTO account VALUES (1, 0)")
            }
        } throws: { ($0 as? PostgreSQLError)?.kind == .transactionAborted }
        #expect(try await pool.query("SELECT balance FROM account WHERE id = 1")[0].int(0) == 0)
        await pool.close()
    }

    @Test func repeatsWhatCollides() async throws {
        let pool = try await pool()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10 {
                        try await pool.withTransaction(isolation: .serializable, attempts: 1_000) { connection in
                            let balance = try await connection.query("SELECT balance FROM account WHERE id = 1")[0].int(
                                0)
                            try await connection.execute(
                                "UPDATE account SET balance = $1 WHERE id = 1", [.int(balance + 1)])
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await pool.query("SELECT balance FROM account WHERE id = 1")[0].int(0) == 40)
        await pool.close()
    }

    @Test func tellsACommitWhoseOutcomeIsUnknown() async throws {
        let pool = try await pool()
        _ = try await pool.execute(
            """
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$
            """)
        _ = try await pool.execute(
            """
            CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION die()
            """)
        let error = await #expect(throws: PostgreSQLError.self) {
            try await pool.withTransaction { try await $0.execute("UPDATE account SET balance = 1 WHERE id = 1") }
        }
        #expect(error?.kind == .commitOutcomeUnknown)
        #expect(try await pool.query("SELECT balance FROM account WHERE id = 1")[0].int(0) == 0)
        await pool.close()
    }
}
