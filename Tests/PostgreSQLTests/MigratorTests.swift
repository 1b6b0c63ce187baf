import PostgreSQL
import Testing

@Suite struct MigratorTests {
    private struct Step: Migration {
        let number: Int
        var name: String { "step \(number)" }
        let sql: String
    }

    private let one = Step(number: 1, sql: "CREATE TABLE a (n int8); CREATE TABLE b (n int8)")
    private let two = Step(number: 2, sql: "INSERT INTO a VALUES (2)")

    @Test func appliesWhatIsMissingOnce() async throws {
        let connection = try await TestServer.connect()
        #expect(try await Migrator([one]).migrate(connection) == [1])
        #expect(try await Migrator([one]).migrate(connection) == [])
        #expect(try await Migrator([one, two]).migrate(connection) == [2])
        #expect(try await Migrator([one, two]).migrate(connection) == [])
        #expect(try await connection.query("SELECT n FROM a")[0].int(0) == 2)
        await connection.close()
    }

    @Test func refusesASchemaThatIsNewer() async throws {
        let connection = try await TestServer.connect()
        try await Migrator([one, two]).migrate(connection)
        let error = await #expect(throws: PostgreSQLError.self) { try await Migrator([one]).migrate(connection) }
        #expect(error?.kind == .migration)
        #expect(error?.description.contains("version 2") == true)
        await connection.close()
    }

    @Test func refusesAMigrationThatWasChanged() async throws {
        let connection = try await TestServer.connect()
        try await Migrator([one]).migrate(connection)
        let changed = Step(number: 1, sql: one.sql + " ")
        let error = await #expect(throws: PostgreSQLError.self) { try await Migrator([changed]).migrate(connection) }
        #expect(error?.kind == .migration)
        await connection.close()
    }

    @Test func aFailureUndoesItsOwnMigrationOnly() async throws {
        let connection = try await TestServer.connect()
        let broken = Step(number: 2, sql: "CREATE TABLE c (n int8); SELECT nonsense")
        await #expect(throws: PostgreSQLError.self) { try await Migrator([one, broken]).migrate(connection) }
        #expect(connection.status == .ready)
        let row = try await connection.query("SELECT to_regclass('a') IS NOT NULL, to_regclass('c') IS NULL")[0]
        #expect(try row.bool(0) && row.bool(1))
        #expect(try await Migrator([one, two]).migrate(connection) == [2])
        await connection.close()
    }

    @Test func severalAtOnceApplyEachOnce() async throws {
        let configuration = try await TestServer.schema()
        let (one, two) = (one, two)
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let connection = try await Connection.connect(configuration)
                    let applied = try await Migrator([one, two]).migrate(connection)
                    await connection.close()
                    return applied
                }
            }
            return try await group.reduce([], +)
        }
        #expect(applied.sorted() == [1, 2])
    }
}
