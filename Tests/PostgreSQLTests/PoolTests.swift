import PostgreSQL
import Testing

@Suite struct PoolTests {
    @Test func servesMoreTasksThanConnections() async throws {
        let pool = Pool(try await TestServer.schema(), configuration: PoolConfiguration(maximumConnections: 3))
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask { try await pool.query("SELECT $1", [.int(number)])[0].int(0) }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 19_900)
        #expect(await pool.statistics.connections <= 3)
        #expect(await pool.statistics.waiting == 0)
        await pool.close()
        await #expect { try await pool.query("SELECT 1") } throws: { ($0 as? PostgreSQLError)?.kind == .poolClosed }
    }

    @Test func replacesSessionsThatTheServerCuts() async throws {
        var configuration = try await TestServer.schema()
        configuration.applicationName = "cut sessions"
        let pool = Pool(configuration, configuration: PoolConfiguration(minimumConnections: 3, maximumConnections: 3))
        await pool.start()
        try await eventually("three connections") { await pool.statistics.idle == 3 }
        let other = try await Connection.connect(configuration)
        for _ in 0..<3 {
            let cut = try await other.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = $1 AND pid <> pg_backend_pid()
                """, [.text(configuration.applicationName)])
            #expect(!cut.isEmpty)
            try await eventually("the pool to work again") { (try? await pool.query("SELECT 1")) != nil }
        }
        await other.close()
        await pool.close()
    }

    @Test func rollsBackWhatATaskLeftOpen() async throws {
        let pool = Pool(try await TestServer.schema(), configuration: PoolConfiguration(maximumConnections: 1))
        _ = try await pool.execute("CREATE TABLE t (n int8)")
        try await pool.withConnection { connection in
            try await connection.script("BEGIN")
            try await connection.execute("INSERT INTO t VALUES (1)")
        }
        #expect(try await pool.query("SELECT count(*) FROM t")[0].int(0) == 0)
        await pool.close()
    }

    @Test func givesUpWaitingAndSaysSo() async throws {
        let bounds = PoolConfiguration(
            minimumConnections: 0, maximumConnections: 1, maximumWaiters: 1, waitTimeout: .seconds(2))
        let pool = Pool(try await TestServer.schema(), configuration: bounds)
        try await pool.withConnection { _ in
            let first = Task { try await pool.query("SELECT 1") }
            try await eventually("the first to wait") { await pool.statistics.waiting == 1 }
            await #expect { try await pool.query("SELECT 1") } throws: {
                ($0 as? PostgreSQLError)?.kind == .poolExhausted
            }
            await #expect { try await first.value } throws: { ($0 as? PostgreSQLError)?.kind == .poolTimeout }
        }
        #expect(try await pool.query("SELECT 1").count == 1)
        await pool.close()
    }
}
