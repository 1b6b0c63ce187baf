import PostgreSQL

/// Rows through insert, lease and done in batches, each batch committed, by the program's own client on a table of its
/// own; and how long one commit takes.
enum PostgreSQLLimit {
    private static let batch = 5_000
    private static let commits = 50

    static func measure(_ configuration: ConnectionConfiguration, rows: Int = 100_000) async throws -> [BenchFigure] {
        let connection = try await Connection.connect(configuration)
        do {
            let figures = try await measure(connection, rows: rows)
            await connection.close()
            return figures
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func measure(_ connection: Connection, rows: Int) async throws -> [BenchFigure] {
        try await connection.script(
            """
            DROP TABLE IF EXISTS bench_row;
            CREATE TABLE bench_row (id int8 PRIMARY KEY, holder int8, result bytea) WITH (fillfactor = 60)
            """)
        let seconds = try await ContinuousClock().measure {
            for first in stride(from: 0, to: rows, by: batch) {
                let identifiers = SQLValue.int64Array((first..<min(rows, first + batch)).map(Int64.init))
                _ = try await connection.query(
                    "INSERT INTO bench_row (id) SELECT * FROM unnest($1)", [identifiers])
                _ = try await connection.query(
                    "UPDATE bench_row SET holder = 1 WHERE id = ANY ($1)", [identifiers])
                _ = try await connection.query(
                    "UPDATE bench_row SET result = $2 WHERE id = ANY ($1)", [identifiers, .bytes([1, 2, 3])])
            }
        }.seconds
        var pauses: [Double] = []
        for number in 0..<commits {
            pauses.append(
                try await ContinuousClock().measure {
                    _ = try await connection.query(
                        "INSERT INTO bench_row (id) VALUES ($1)", [.int(rows + number)])
                }.seconds)
        }
        try await connection.script("DROP TABLE bench_row")
        return [
            BenchFigure("PostgreSQL, rows through insert, lease and done", Double(rows) / seconds, "rows/s"),
            BenchFigure("PostgreSQL, one durable row, median", Sample(pauses).median * 1e3, "ms"),
        ]
    }
}
