import Foundation
import Testing

@testable import PostgreSQL

/// Each test has a server of its own; one at a time, as each takes a cluster's worth of disk.
@Suite(.serialized) struct EmbeddedServerTests {
    private final class Folder {
        let path: String
        init(_ name: String = UUID().uuidString) {
            path = FileManager.default.temporaryDirectory.path + "/runsurge-embedded-\(name)"
        }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    private static func value(_ server: EmbeddedServer) async throws -> Int {
        let connection = try await Connection.connect(server.connection)
        let value = try await connection.query("SELECT max(n) FROM t")[0].int(0)
        await connection.close()
        return value
    }

    private static func makeTable(_ server: EmbeddedServer, value: Int) async throws {
        let connection = try await Connection.connect(server.connection)
        try await connection.script("CREATE TABLE IF NOT EXISTS t (n int8)")
        try await connection.execute("INSERT INTO t VALUES ($1)", [.int(value)])
        await connection.close()
    }

    @Test func startsAgainQuicklyWithWhatItHeld() async throws {
        let folder = Folder()
        let first = try await EmbeddedServer.start(folder: folder.path)
        try await Self.makeTable(first, value: 42)
        await first.stop()
        await first.stop()
        // 0.1 s on an idle machine; of several, because the tests run beside others.
        var fastest = Duration.seconds(60)
        for _ in 0..<5 where fastest >= .milliseconds(500) {
            let start = ContinuousClock.now
            let again = try await EmbeddedServer.start(folder: folder.path)
            fastest = min(fastest, ContinuousClock.now - start)
            #expect(try await Self.value(again) == 42)
            #expect(again.majorVersion >= 15)
            await again.stop()
        }
        #expect(fastest < .milliseconds(500))
    }

    @Test func listensOnAPrivateSocketOnly() async throws {
        let folder = Folder()
        let server = try await EmbeddedServer.start(folder: folder.path)
        let connection = try await Connection.connect(server.connection)
        #expect(try await connection.query("SHOW listen_addresses")[0].string(0) == "")
        #expect(try await connection.query("SHOW fsync")[0].string(0) == "on")
        #expect(try await connection.query("SHOW server_encoding")[0].string(0) == "UTF8")
        await connection.close()
        let socket = try #require(FileTree.status(server.connection.host))
        #expect(socket.st_mode & 0o777 == 0o700)
        let process = try #require(server.processIdentifier)
        #expect(try #require(FileTree.status("/proc/\(process)")).st_uid != 0)
        await server.stop()
    }

    @Test func aCrashOfTheServerIsMended() async throws {
        let folder = Folder()
        let server = try await EmbeddedServer.start(folder: folder.path)
        try await Self.makeTable(server, value: 7)
        let process = try #require(server.processIdentifier)
        kill(process, SIGKILL)
        try await eventually("another process") { server.processIdentifier.map { $0 != process } ?? false }
        #expect(try await Self.value(server) == 7)
        await server.stop()
        #expect(server.processIdentifier == nil)
    }

    @Test func endsWithItsParentAndRecovers() async throws {
        let folder = Folder("parent-\(getpid())")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = FileManager.default.temporaryDirectory.path + "/runsurge-embedded-parent-\(getppid())"
            let server = try await EmbeddedServer.start(folder: path)
            try await EmbeddedServerTests.makeTable(server, value: 1)
            try EmbeddedServerTests.write("\(server.processIdentifier ?? 0)", to: path + ".number")
            kill(getpid(), SIGKILL)
        }
        let process = try #require(
            FileTree.read(folder.path + ".number").flatMap { pid_t($0) }, "the child did not come so far")
        unlink(folder.path + ".number")
        try await eventually("the server to end") { kill(process, 0) != 0 || isZombie(process) }
        let server = try await EmbeddedServer.start(folder: folder.path)
        #expect(try await Self.value(server) == 1)
        await server.stop()
    }

    @Test func recoversAfterEverythingWasKilled() async throws {
        let folder = Folder("all-\(getpid())")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = FileManager.default.temporaryDirectory.path + "/runsurge-embedded-all-\(getppid())"
            let server = try await EmbeddedServer.start(folder: path)
            try await EmbeddedServerTests.makeTable(server, value: 2)
            if let process = server.processIdentifier { kill(process, SIGKILL) }
            kill(getpid(), SIGKILL)
        }
        // It did not get to remove it.
        #expect(FileTree.status(folder.path + "/cluster/postmaster.pid") != nil)
        let server = try await EmbeddedServer.start(folder: folder.path)
        #expect(try await Self.value(server) == 2)
        await server.stop()
    }

    @Test func isNotFooledByAProcessThatHasTheNumberNow() async throws {
        let folder = Folder()
        let first = try await EmbeddedServer.start(folder: folder.path)
        await first.stop()
        try Self.write("\(getpid())\n\(folder.path)/cluster\n1\n5432\n", to: folder.path + "/cluster/postmaster.pid")
        let second = try await EmbeddedServer.start(folder: folder.path)
        await second.stop()
    }

    @Test func beginsAgainWhereMakingTheClusterWasInterrupted() async throws {
        let folder = Folder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/cluster.new/base", withIntermediateDirectories: true)
        try Self.write("15", to: folder.path + "/cluster.new/PG_VERSION")
        let server = try await EmbeddedServer.start(folder: folder.path)
        try await Self.makeTable(server, value: 3)
        await server.stop()
    }

    @Test func aFolderServesOneAtATime() async throws {
        let folder = Folder()
        let server = try await EmbeddedServer.start(folder: folder.path)
        let error = await #expect(throws: PostgreSQLError.self) { try await EmbeddedServer.start(folder: folder.path) }
        #expect(error?.message.contains("used by another running RunSurge (process \(getpid()))") == true)
        #expect(error?.kind == .folderInUse)
        await server.stop()
    }

    @Test func findsAFolderThatIsFree() async throws {
        let folder = Folder()
        let first = try await EmbeddedServer.start(firstFreeOf: folder.path)
        let second = try await EmbeddedServer.start(firstFreeOf: folder.path)
        #expect(first.connection.host != second.connection.host)
        try await Self.makeTable(first, value: 5)
        await first.stop()
        let third = try await EmbeddedServer.start(firstFreeOf: folder.path)
        #expect(try await Self.value(third) == 5)
        let error = await #expect(throws: PostgreSQLError.self) {
            try await EmbeddedServer.start(firstFreeOf: folder.path, limit: 2)
        }
        #expect(error?.kind == .folderInUse)
        await second.stop()
        await third.stop()
    }

    @Test func saysWhichVersionToInstall() async throws {
        let folder = Folder()
        try FileManager.default.createDirectory(atPath: folder.path + "/cluster", withIntermediateDirectories: true)
        try Self.write("9", to: folder.path + "/cluster/PG_VERSION")
        let error = await #expect(throws: PostgreSQLError.self) { try await EmbeddedServer.start(folder: folder.path) }
        #expect(error?.message.contains("apt-get install postgresql-9") == true)
    }

    @Test func saysWhatToInstall() throws {
        let error = #expect(throws: PostgreSQLError.self) { try ServerInstallation.find(version: nil, among: ["/usr"]) }
        #expect(error?.message.contains("run `apt-get install postgresql`") == true)
        let installed = try ServerInstallation.find(version: nil)
        #expect(try ServerInstallation.find(version: installed.majorVersion) == installed)
    }

    @Test func leavesAFolderThatServesOthersAlone() async throws {
        let folder = Folder()
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o751])
        try Self.write("mine", to: folder.path + "/letter")
        let error = await #expect(throws: PostgreSQLError.self) { try await EmbeddedServer.start(folder: folder.path) }
        #expect(error?.message.contains("holds other files") == true)
        let status = try #require(FileTree.status(folder.path))
        #expect(status.st_mode & 0o777 == 0o751)
        #expect(status.st_uid == geteuid())
    }

    @Test func worksBelowAClosedFolderAndOnALongPath() async throws {
        let folder = Folder()
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let long = folder.path + "/" + String(repeating: "long", count: 30)
        let server = try await EmbeddedServer.start(folder: long)
        #expect(server.connection.host.utf8.count < 90)
        try await Self.makeTable(server, value: 4)
        await server.stop()
        try? FileManager.default.removeItem(atPath: server.connection.host)
    }

    /// A file system of 16 MiB cannot hold a cluster.
    @Test func saysThatTheDiskIsFull() async throws {
        let disk = try SmallDisk(megabytes: 16)
        let error = await #expect(throws: PostgreSQLError.self) {
            try await EmbeddedServer.start(folder: disk.path + "/server")
        }
        #expect(error?.message.contains("is full: free some space") == true, "\(error?.message ?? "")")
        #expect(FileTree.status(disk.path + "/server/cluster.new") == nil, "what was begun is removed")
    }

    @Test func theSizeFollowsTheMachine() {
        let small = ServerSettings.arguments(cluster: "/c", socketFolder: "/s", memory: 512 << 20)
        let large = ServerSettings.arguments(cluster: "/c", socketFolder: "/s", memory: 1 << 40)
        #expect(small.contains("shared_buffers=32MB"))
        #expect(large.contains("shared_buffers=512MB"))
    }
}

private func isZombie(_ process: pid_t) -> Bool {
    FileTree.read("/proc/\(process)/stat")?.split(separator: ")").last?.hasPrefix(" Z") ?? true
}
