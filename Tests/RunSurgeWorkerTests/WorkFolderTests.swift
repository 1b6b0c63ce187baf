import Glibc
import RunSurgeCore
import RunSurgeProtocol
import Testing

@testable import RunSurgeWorker

/// What is taken from a script's working directory, and what is not.
@Suite struct WorkFolderTests {
    private struct Prepared {
        let folder: TestFolder
        let blobs: FolderBlobStore
        let work: WorkFolder
        var path: String { work.path }
        let limit = OutputLimit(files: 100, bytes: 1 << 20)

        func changes() throws -> WorkChanges { try work.changes(limit: limit) }
        func changed() throws -> [String] { try changes().changed.map { String($0.path.dropFirst(5)) } }
    }

    private func prepare() async throws -> Prepared {
        let folder = try TestFolder()
        let blobs = try FolderBlobStore()
        let cache = try BlobCache(folder: folder.path + "/cache", limit: 1 << 30)
        await cache.use(blobs)
        let specification = JobSpecification(
            name: "test", script: try await blobs.entry("/job/script.py", "pass"),
            inputs: [
                try await blobs.entry("/job/in.txt", "input"), try await blobs.entry("/job/sub/deep.txt", "deep"),
                FileEntry(path: "/job/empty", blob: .empty, modifiedNanoseconds: 1_000_000_000, mode: 0o040750),
            ], workingDirectory: "/job")
        let wire = WireJobContext(
            job: JobID(1), specification: specification, plan: .inline([]), traceID: "")
        var work = WorkFolder(path: folder.path + "/work", job: try JobDescription(wire: wire), mountsLarge: false)
        try await work.fill(from: cache)
        return Prepared(folder: folder, blobs: blobs, work: work)
    }

    @Test func untouchedInputsAreNoOutputs() async throws {
        let prepared = try await prepare()
        let changes = try prepared.changes()
        #expect(changes.changed.isEmpty)
        #expect(changes.deleted.isEmpty)
        #expect(FileStatus(prepared.path + "/in.txt")?.modifiedNanoseconds == 1_700_000_000_123_456_789)
        #expect(FileStatus(prepared.path + "/empty")?.mode == 0o040750)
    }

    @Test func aChangeThatRestoresTheTimeIsSeen() async throws {
        let prepared = try await prepare()
        try TextFile.write("INPUT", to: prepared.path + "/in.txt")
        try FileTree.setModified(prepared.path + "/in.txt", nanoseconds: 1_700_000_000_123_456_789)
        #expect(try prepared.changed() == ["in.txt"])
        let entries = try await prepared.changes().stored(in: prepared.blobs)
        #expect(try await prepared.blobs.text(entries[0].blob) == "INPUT")
    }

    @Test func touchingWithoutAnyDifferenceIsNoOutput() async throws {
        let prepared = try await prepare()
        try FileTree.setMode(prepared.path + "/in.txt", 0o600)
        try FileTree.setMode(prepared.path + "/in.txt", 0o644)
        #expect(try await prepared.changes().stored(in: prepared.blobs).isEmpty)
    }

    @Test func linksPipesAndSocketsAreNotTaken() async throws {
        let prepared = try await prepare()
        let path = prepared.path
        try #require(symlink("/etc/passwd", path + "/passwd") == 0)
        try #require(symlink("/etc", path + "/etc") == 0)
        try #require(symlink("in.txt", path + "/alias") == 0)
        try #require(mkfifo(path + "/pipe", 0o644) == 0)
        try #require(mkdir(path + "/made", 0o755) == 0)
        try #require(symlink("../..", path + "/made/up") == 0)
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array((path + "/socket").utf8)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
        }
        try #require(bound == 0)
        #expect(try prepared.changed() == ["made"])
    }

    @Test func anInputThatBecameALinkIsDeleted() async throws {
        let prepared = try await prepare()
        try #require(unlink(prepared.path + "/in.txt") == 0)
        try #require(symlink("/etc/shadow", prepared.path + "/in.txt") == 0)
        let changes = try prepared.changes()
        #expect(changes.changed.isEmpty)
        // A link is not carried over, so for the receiver the file is gone.
        #expect(changes.deleted == ["/job/in.txt"])
    }

    @Test func hardLinksWithinTheFolderAreFilesOfTheirOwn() async throws {
        let prepared = try await prepare()
        try #require(link(prepared.path + "/in.txt", prepared.path + "/twin.txt") == 0)
        let entries = try await prepared.changes().stored(in: prepared.blobs)
        #expect(entries.map(\.path) == ["/job/twin.txt"])
        #expect(try await prepared.blobs.text(entries[0].blob) == "input")
    }

    @Test func aHugeSparseFileIsRefusedWithoutReadingIt() async throws {
        let prepared = try await prepare()
        try TextFile.write("", to: prepared.path + "/huge", creating: true)
        try #require(truncate(prepared.path + "/huge", 1 << 40) == 0)
        #expect(throws: OutputLimit.Exceeded.self) { try prepared.changes() }
    }

    @Test func tooManyFilesAreRefused() async throws {
        let prepared = try await prepare()
        for index in 0..<101 { try TextFile.write("", to: prepared.path + "/f\(index)", creating: true) }
        #expect(throws: OutputLimit.Exceeded.self) { try prepared.changes() }
    }

    @Test func deletedFilesAndFoldersAreNamed() async throws {
        let prepared = try await prepare()
        FileTree.remove(prepared.path + "/sub")
        FileTree.remove(prepared.path + "/empty")
        #expect(try prepared.changes().deleted == ["/job/empty", "/job/sub", "/job/sub/deep.txt"])
    }

    @Test func closedFoldersAreOpenedAndKeepTheirModeInTheReport() async throws {
        let prepared = try await prepare()
        try FileTree.makeFolder(prepared.path + "/closed")
        try TextFile.write("x", to: prepared.path + "/closed/file", creating: true)
        try FileTree.setMode(prepared.path + "/closed/file", 0)
        try FileTree.setMode(prepared.path + "/closed", 0)
        let entries = try await prepared.changes().stored(in: prepared.blobs)
        #expect(entries.map(\.path) == ["/job/closed", "/job/closed/file"])
        #expect(entries.map(\.mode) == [0o040000, 0])
    }

    @Test(arguments: [
        "relative", "/a/../b", "/a/./b", "/a//b", "/a/", "", "/a\0b", "/" + String(repeating: "x", count: 300),
    ])
    func unsafePathsAreRefused(path: String) {
        #expect(!JobPath.isSafe(path))
    }
}

@Suite struct MountPlanTests {
    private func mounts(_ paths: [String], directory: String = "/home/me/work") -> [String] {
        let plan = MountPlan(root: "/R", workingDirectory: directory, systemPaths: ["/usr", "/etc", "/opt/python"])
        return plan.mounts(for: paths.map { FileEntry(path: $0, blob: .empty, modifiedNanoseconds: 0, mode: 0o644) })
            .map { mount in
                #expect(mount.source == "/R" + mount.target)
                #expect(!mount.isWritable)
                return mount.target
            }
    }

    @Test func showsWholeFoldersWhereNothingElseHasToBeSeen() {
        #expect(mounts(["/data/a/1", "/data/b/2"]) == ["/data"])
        #expect(mounts(["/data/a", "/srv/x/y"]) == ["/data", "/srv"])
        #expect(mounts([]) == [])
    }

    @Test func goesAroundTheWorkingDirectoryAndTheSystem() {
        #expect(
            mounts(["/home/me/lib/a.py", "/home/you/b", "/home/me/c"]) == ["/home/me/c", "/home/me/lib", "/home/you"])
        #expect(mounts(["/opt/data/x", "/opt/python/lib/y"]) == ["/opt/data", "/opt/python/lib/y"])
        #expect(mounts(["/usr/share/dict/words"]) == ["/usr/share/dict/words"])
        #expect(mounts(["/tmp/a", "/tmp/b/c"]) == ["/tmp/a", "/tmp/b"])
    }
}
