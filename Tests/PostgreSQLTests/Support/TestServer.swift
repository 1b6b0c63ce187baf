import Foundation
import PostgreSQL

/// One embedded server for the tests of this target, in a folder that the next run uses again; a schema a test.
enum TestServer {
    private static let shared = Task { try await start() }

    private static func start() async throws -> EmbeddedServer {
        let folder = FileManager.default.temporaryDirectory.path + "/runsurge-postgresql-tests-\(getuid())"
        let server = try await EmbeddedServer.start(firstFreeOf: folder)
        try await removeSchemas(server)
        return server
    }

    private static func removeSchemas(_ server: EmbeddedServer) async throws {
        let connection = try await Connection.connect(server.connection)
        for row in try await connection.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test%'") {
            try await connection.script("DROP SCHEMA \(try row.string(0)) CASCADE")
        }
        await connection.close()
    }

    /// How to connect to an empty schema of its own.
    static func schema() async throws -> ConnectionConfiguration {
        var configuration = try await shared.value.connection
        let name = "test_" + UUID().uuidString.replacing("-", with: "").lowercased()
        let connection = try await Connection.connect(configuration)
        try await connection.script("CREATE SCHEMA \(name)")
        await connection.close()
        configuration.settings["search_path"] = name
        return configuration
    }

    static func connect() async throws -> Connection { try await Connection.connect(schema()) }
}

/// Waits until `condition` holds; throws after ten seconds.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Timeout(what: what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

struct Timeout: Error, CustomStringConvertible {
    let what: String
    var description: String { "timed out waiting for \(what)" }
}
