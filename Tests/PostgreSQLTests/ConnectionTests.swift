import PostgreSQL
import Testing

@Suite struct ConnectionTests {
    @Test func carriesEveryTypeThereAndBack() async throws {
        let connection = try await TestServer.connect()
        let moment = Timestamp(microseconds: 1_700_000_000_123_456)
        let rows = try await connection.query(
            """
            SELECT $1 AS b, $2 AS i, $3 AS d, $4::text AS t, $5 AS y, $6 AS m, $7 AS u, $8::jsonb AS j, $9 AS a, $10 AS x,
                NULL::int8 AS n, 12345.678900::numeric AS k, (-9223372036854775808)::numeric AS s
            """,
            [
                true, .int64(.min), .double(-0.1), .text("ü\u{1F600}\n"), .bytes([0, 255, 1]), .timestamp(moment),
                .uuid("00112233-4455-6677-8899-aabbccddeeff"), .text(#"{"a":1}"#), .int64Array([1, nil, .max]),
                .bytesArray([[], [1, 2]]),
            ])
        let row = try #require(rows.first)
        #expect(try row.bool("b"))
        #expect(try row.int64("i") == .min)
        #expect(try row.double("d") == -0.1)
        #expect(try row.string("t") == "ü\u{1F600}\n")
        #expect(try row.bytes("y") == [0, 255, 1])
        #expect(try row.timestamp("m") == moment)
        #expect(try row.string("u") == "00112233-4455-6677-8899-aabbccddeeff")
        #expect(try row.string("j") == #"{"a": 1}"#)
        #expect(try row.decode("a", as: [Int64?].self) == [1, nil, .max])
        #expect(try row.bytesArray("x") == [[], [1, 2]])
        #expect(try row.optionalInt64("n") == nil)
        #expect(try row.string("k") == "12345.678900")
        #expect(try row.int64("s") == .min)
        #expect(throws: PostgreSQLError.self) { try row.int64("n") }
        #expect(throws: PostgreSQLError.self) { try row.int64("t") }
        #expect(throws: PostgreSQLError.self) { try row.int64("missing") }
        await connection.close()
    }

    @Test func refusesANULInText() async throws {
        let connection = try await TestServer.connect()
        await #expect { try await connection.query("SELECT $1::text", ["a\0b"]) } throws: {
            ($0 as? PostgreSQLError)?.kind == .invalidData
        }
        #expect(connection.status == .ready)
        await connection.close()
    }

    @Test func aPipelineIsAllOrNothing() async throws {
        let connection = try await TestServer.connect()
        try await connection.script("CREATE TABLE t (n int8 PRIMARY KEY)")
        let insert = "INSERT INTO t VALUES ($1)"
        await #expect {
            try await connection.pipeline([Statement(insert, [1]), Statement(insert, [2]), Statement(insert, [1])])
        } throws: { error in
            guard let error = error as? PostgreSQLError else { return false }
            return error.kind == .uniqueViolation && error.statementIndex == 2 && error.constraint == "t_pkey"
        }
        #expect(try await connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
        let results = try await connection.pipelineResults((1...1000).map { Statement(insert, [.int64($0)]) })
        #expect(results.count == 1000)
        #expect(results.allSatisfy { $0.affectedRows == 1 })
        #expect(try await connection.query("SELECT count(*) FROM t")[0].int(0) == 1000)
        await connection.close()
    }

    @Test func copiesRows() async throws {
        let connection = try await TestServer.connect()
        try await connection.script("CREATE TABLE t (n int8, s text, b bytea)")
        let count = try await connection.copyIn(
            "t", columns: ["n", "s", "b"],
            rows: (0..<50_000).lazy.map { [.int($0), .text("row \($0)"), $0 % 2 == 0 ? .bytes(nil) : .bytes([1])] })
        #expect(count == 50_000)
        let row = try await connection.query("SELECT count(*), sum(n)::int8, count(b), max(s) FROM t")[0]
        #expect(try row.int(0) == 50_000)
        #expect(try row.int(1) == 1_249_975_000)
        #expect(try row.int(2) == 25_000)
        #expect(try row.string(3) == "row 9999")
        await connection.close()
    }

    @Test func keepsAStatementWhoseTableHasChanged() async throws {
        let connection = try await TestServer.connect()
        try await connection.script("CREATE TABLE t (n int8); INSERT INTO t VALUES (1)")
        #expect(try await connection.query("SELECT * FROM t")[0].columnNames == ["n"])
        try await connection.script("ALTER TABLE t ADD s text")
        #expect(try await connection.query("SELECT * FROM t")[0].columnNames == ["n", "s"])
        await connection.close()
    }

    @Test func aCancelledTaskCancelsItsStatement() async throws {
        let connection = try await TestServer.connect()
        let start = ContinuousClock.now
        let task = Task { try await connection.query("SELECT pg_sleep(30)") }
        let other = try await TestServer.connect()
        let process = try #require(await other.serverProcessIdentifier)
        #expect(process > 0)
        try await eventually("the statement to run") {
            try await other.query("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'")[0].int(0)
                > 0
        }
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? PostgreSQLError)?.kind == .cancelled }
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(try await connection.query("SELECT 1")[0].int(0) == 1)
        await connection.close()
        await other.close()
    }

    @Test func tellsThatTheServerHasCutTheSession() async throws {
        let connection = try await TestServer.connect()
        let other = try await TestServer.connect()
        let process = try #require(await connection.serverProcessIdentifier)
        _ = try await other.query("SELECT pg_terminate_backend($1)", [.int32(process)])
        try await eventually("the loss to be noticed while idle") { connection.status == .broken }
        await #expect { try await connection.query("SELECT 1") } throws: {
            ($0 as? PostgreSQLError)?.kind == .connectionLost
        }
        await other.close()
    }

    @Test func listens() async throws {
        let listener = try await TestServer.connect()
        let other = try await TestServer.connect()
        let payloads = try await listener.listen("c")
        for payload in ["a", "b"] { _ = try await other.query("SELECT pg_notify('c', $1)", [.text(payload)]) }
        var received: [String] = []
        for await payload in payloads {
            received.append(payload)
            if received.count == 2 { break }
        }
        #expect(received == ["a", "b"])
        await listener.close()
        await other.close()
    }

    /// Statements that block must not take the few threads that all tasks share.
    @Test func waitsOnThreadsOfItsOwn() async throws {
        let configuration = try await TestServer.schema()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let connection = try await Connection.connect(configuration)
                    _ = try await connection.query("SELECT pg_sleep(1)")
                    await connection.close()
                }
            }
            let start = ContinuousClock.now
            try await group.waitForAll()
            #expect(ContinuousClock.now - start < .seconds(6), "16 statements of 1 s did not run at the same time")
        }
    }

    @Test func errorsShowNoValues() async throws {
        let connection = try await TestServer.connect()
        try await connection.script("CREATE TABLE t (s text UNIQUE); INSERT INTO t VALUES ('secret')")
        let error = await #expect(throws: PostgreSQLError.self) {
            try await connection.execute("INSERT INTO t VALUES ($1)", ["secret"])
        }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.isRetriable == false)
        await connection.close()
    }

    @Test func refusesAnAddressWhereNobodyIs() async throws {
        let configuration = ConnectionConfiguration(host: "/nonexistent", database: "d", user: "u")
        let error = await #expect(throws: PostgreSQLError.self) { try await Connection.connect(configuration) }
        #expect(error?.kind == .connectionFailed)
        #expect(error?.isRetriable == true)
    }
}
