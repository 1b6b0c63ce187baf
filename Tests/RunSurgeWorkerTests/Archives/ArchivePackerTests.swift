import Foundation
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeWorker

@Suite struct ArchivePackerTests {
    private let store: FolderBlobs

    init() throws { store = try FolderBlobs() }

    private func entry(_ path: String, _ bytes: [UInt8], modified: Int64 = 1, mode: UInt32 = 0o644) async throws
        -> FileEntry
    {
        FileEntry(path: path, blob: try await store.put(bytes), modifiedNanoseconds: modified, mode: mode)
    }

    private func pack(_ files: [FileEntry], limit: Int64 = .max) async throws -> BlobReference {
        try await ArchivePacker(in: try await TestArchives.sandbox.value).pack(files, in: store, limit: limit)
    }

    /// As another program sees it.
    private func listing(_ archive: BlobReference) async throws -> String {
        let folder = try TestFolder()
        try await store.materialize(archive, at: folder.path + "/archive.zip")
        let output = try TestArchives.python(
            """
            import sys, zipfile, zlib
            with zipfile.ZipFile(sys.argv[1] + "/archive.zip") as archive:
                for info in archive.infolist():
                    data = archive.read(info)
                    print(info.filename, len(data), zlib.crc32(data), oct(info.external_attr >> 16), info.date_time[0])
            """, folder)
        folder.keep()
        return String(decoding: output, as: UTF8.self)
    }

    @Test func packsWhatOthersCanRead() async throws {
        let folder = FileEntry(path: "out", blob: .empty, modifiedNanoseconds: 0, mode: 0o040755)
        let files = [
            try await entry("out/ä.txt", Array("alpha\n".utf8)), folder, try await entry("a.sh", [], mode: 0o755),
        ]
        #expect(
            try await listing(pack(files)) == """
                a.sh 0 0 0o100755 1980
                out/ 0 0 0o40755 1980
                out/ä.txt 6 2673897196 0o100644 1980

                """)
    }

    @Test func theSameFilesMakeTheSameArchive() async throws {
        let first = [try await entry("a", [1, 2, 3], modified: 5), try await entry("b", [4])]
        let second = [try await entry("b", [4], modified: 99), try await entry("a", [1, 2, 3])]
        #expect(try await pack(first) == pack(second))
    }

    @Test func whatItPacksCanBeInflated() async throws {
        var files: [FileEntry] = []
        for number in 0..<300 { files.append(try await entry("f\(number % 7)/\(number)", Array("\(number)".utf8))) }
        let archive = try await pack(files)
        let found = try await ArchiveInflater(in: try await TestArchives.sandbox.value).inflate(archive, in: store)
        #expect(Set(found.map { [$0.path, $0.blob.sha256] }) == Set(files.map { [$0.path, $0.blob.sha256] }))
    }

    @Test func aLargeFileNeedsLittleMemory() async throws {
        let folder = try TestFolder()
        _ = try TestArchives.python(
            """
            import random, sys
            with open(sys.argv[1] + "/large", "wb") as file:
                for _ in range(150):
                    file.write(random.randbytes(1 << 20))
            """, folder)
        let blob = try await TestArchives.blob(folder.path + "/large", in: store)
        let file = FileEntry(path: "large", blob: blob, modifiedNanoseconds: 0, mode: 0o644)
        let (archive, growth) = try await TestArchives.growth { try await pack([file]) }
        #expect(archive.size > 150 << 20)
        #expect(growth < 64 << 20, "\(growth) bytes more")
    }

    @Test func anArchiveThatIsTooLargeIsNotKept() async throws {
        let file = try await entry("a", (0..<100_000).map { _ in UInt8.random(in: 0 ... .max) })
        await #expect(throws: BlobError.tooLarge(limit: 1_000)) { try await pack([file], limit: 1_000) }
        #expect(store.kept == [file.blob.sha256])
    }
}
