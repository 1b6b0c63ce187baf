import Foundation
import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Synchronization
import Testing

@Suite(.serialized) struct RecoveryTests {
    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    /// The database is killed under load, again and again: every result is accepted exactly once and none is lost.
    @Test func theStoreSurvivesKillsOfTheDatabase() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/runsurge-recovery-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try await EmbeddedServer.start(folder: folder)
        let store = try await Store.open(StoreConfiguration(server.connection))
        let user = try await store.accounts.createUser(username: "u", email: "u@u", passwordHash: "h").id
        let fixture = Fixture(
            store: store, term: try await store.dispatch.beginTerm(), user: user, configuration: server.connection)
        let (job, _) = try await fixture.runningJob()
        let region = try await fixture.openRegion(of: job, ranges: .even(first: 0, last: 1_000_000, step: 1))

        let isOver = Flag()
        let counts = try await withThrowingTaskGroup(of: (sent: Int, accepted: Int).self) { group in
            for lane in 0..<4 {
                group.addTask { try await Self.work(fixture, region, from: Int64(lane) * 200_000, until: isOver) }
            }
            group.addTask {
                defer { isOver.set() }
                try await Self.killRepeatedly(server, store, job)
                return (0, 0)
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1.sent, $0.1 + $1.accepted) }
        }
        #expect(counts.0 > 600)
        #expect(counts.0 == counts.1, "a repeated batch still says that it was accepted")
        #expect(try await store.dispatch.regions(of: job)[0].completed.count == counts.0)
        await store.close()
        await server.stop()
    }

    private static func work(
        _ fixture: Fixture, _ region: Region, from first: Int64, until isOver: Flag
    ) async throws -> (sent: Int, accepted: Int) {
        var sent = 0
        var accepted = 0
        while !isOver.isSet {
            let start = first + Int64(sent)
            let tokens = (start..<start + 50).map { fixture.token(region, $0) }
            try await fixture.lease(tokens)
            let verdicts = try await fixture.store.dispatch.accept(
                tokens.map { Fixture.result($0) }, term: fixture.term)
            sent += tokens.count
            accepted += verdicts.count { $0 == .accepted }
        }
        return (sent, accepted)
    }

    /// A crash, a fast shutdown and an immediate one, each in the middle of work.
    private static func killRepeatedly(_ server: EmbeddedServer, _ store: Store, _ job: JobID) async throws {
        for signal in [SIGKILL, SIGINT, SIGQUIT] {
            let before = try await store.dispatch.regions(of: job)[0].completed.count
            try await eventually("some work") {
                try await store.dispatch.regions(of: job)[0].completed.count > before + 200
            }
            let process = try #require(server.processIdentifier)
            kill(process, signal)
            try await eventually("a new server") { server.processIdentifier.map { $0 != process } ?? false }
        }
    }

    @Test func anErrorThatLastsIsThrownInTheEnd() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/runsurge-recovery-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try await EmbeddedServer.start(folder: folder)
        let store = try await Store.open(StoreConfiguration(server.connection, patience: .milliseconds(200)))
        await server.stop()
        let error = await #expect(throws: PostgreSQLError.self) { try await store.dispatch.beginTerm() }
        #expect(error?.isRetriable == true)
        await store.close()
    }

    @Test func aNewerSchemaIsRefused() async throws {
        let configuration = try await TestServer.schema()
        try await Store.open(StoreConfiguration(configuration, connections: 3)).close()
        let connection = try await Connection.connect(configuration)
        try await connection.script("INSERT INTO schema_migration VALUES (999, 'future', '')")
        await connection.close()
        let error = await #expect(throws: PostgreSQLError.self) {
            try await Store.open(StoreConfiguration(configuration, connections: 3))
        }
        #expect(error?.kind == .migration)
    }
}
