import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeWorker

@Suite struct ArchiveInflaterTests {
    private let store: FolderBlobs
    private let folder: TestFolder

    init() throws {
        store = try FolderBlobs()
        folder = try TestFolder()
    }

    private func inflate(_ archive: BlobReference, _ limits: ArchiveLimits = ArchiveLimits()) async throws
        -> [FileEntry]
    {
        try await ArchiveInflater(in: try await TestArchives.sandbox.value, limits: limits).inflate(archive, in: store)
    }

    private func refusal(of archive: BlobReference, _ limits: ArchiveLimits = ArchiveLimits()) async throws -> String {
        do {
            let entries = try await inflate(archive, limits)
            Issue.record("it was taken: \(entries.prefix(5))")
            return ""
        } catch ArchiveError.refused(let sentence) {
            return sentence
        }
    }

    @Test func givesTheFilesAndFoldersOfAnArchive() async throws {
        let archive = try await TestArchives.make(
            """
            with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                info = zipfile.ZipInfo("run.sh", (2024, 2, 29, 12, 30, 10))
                info.external_attr = 0o104755 << 16
                archive.writestr(info, "#!/bin/sh\\n")
                archive.writestr("data/", "")
                archive.writestr("data/ünï.csv", "a,b\\n" * 1000)
                archive.writestr("data/empty", "")
            """, in: folder, store: store)
        let entries = try await inflate(archive)
        #expect(entries.map(\.path) == ["run.sh", "data", "data/ünï.csv", "data/empty"])
        #expect(entries[0].mode == 0o755)
        #expect(entries[0].modifiedNanoseconds == 1_709_209_810_000_000_000)
        #expect(entries[1].isDirectory)
        #expect(try await store.bytes(of: entries[0].blob, limit: 100) == Array("#!/bin/sh\n".utf8))
        #expect(entries[2].blob.size == 4_000)
        #expect(entries[3].blob == .empty)
    }

    @Test func refusesEveryBadKindNamingTheEntry() async throws {
        let kinds = try TestArchives.bad(in: folder)
        #expect(kinds.count > 40)
        for (kind, sentence) in kinds.sorted(by: { $0.key < $1.key }) {
            let archive = try await TestArchives.blob("\(folder.path)/\(kind)", in: store)
            let found = try await refusal(of: archive)
            #expect(found.contains(sentence), "\(kind): \(found)")
        }
    }

    @Test func keepsItsBounds() async throws {
        let archive = try await TestArchives.make(
            """
            with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("first", b"1" * 600)
                archive.writestr("second", b"2" * 600)
            """, in: folder, store: store)
        #expect(try await refusal(of: archive, ArchiveLimits(entries: 1)).contains("at most 1 are allowed"))
        #expect(try await refusal(of: archive, ArchiveLimits(entryBytes: 599)).contains("\"first\" has 600 bytes"))
        #expect(try await refusal(of: archive, ArchiveLimits(totalBytes: 1_199)).contains("\"second\" makes"))
        #expect(
            try await refusal(of: archive, ArchiveLimits(nameBytes: 5)).contains("\"second\" has a name of 6 bytes"))
        #expect(store.kept == [archive.sha256])
        #expect(try await inflate(archive, ArchiveLimits(entries: 2, entryBytes: 600, totalBytes: 1_200)).count == 2)
    }

    @Test func oneThatTakesTooLongIsRefused() async throws {
        let archive = try await TestArchives.make(
            """
            with zipfile.ZipFile("archive.zip", "w") as archive:
                archive.writestr("a", os.urandom(64 << 20))
            """, in: folder, store: store)
        #expect(try await refusal(of: archive, ArchiveLimits(time: .milliseconds(1))).contains("takes longer"))
    }

    @Test func aFullStoreIsNotTheArchivesFault() async throws {
        let archive = try await TestArchives.make(
            """
            with zipfile.ZipFile("archive.zip", "w") as archive:
                archive.writestr("large", os.urandom(32 << 20))
                archive.writestr("small", "x")
            """, in: folder, store: store)
        store.fail(with: .storageFull)
        await #expect(throws: BlobError.storageFull) { try await inflate(archive) }
        store.fail(with: nil)
        #expect(try await inflate(archive).count == 2)
    }

    @Test func twoHundredMegabytesNeedLittleMemory() async throws {
        let archive = try await TestArchives.make(
            """
            with zipfile.ZipFile("archive.zip", "w") as archive:
                for number in range(2):
                    with archive.open(f"{number}.bin", "w") as file:
                        for _ in range(100):
                            file.write(random.randbytes(1 << 20))
            """, in: folder, store: store)
        #expect(archive.size > 200 << 20)
        let (entries, growth) = try await TestArchives.growth { try await inflate(archive) }
        #expect(entries.map(\.blob.size) == [100 << 20, 100 << 20])
        #expect(growth < 64 << 20, "\(growth) bytes more")
    }

    @Test func tenThousandEntriesAreTaken() async throws {
        let archive = try await TestArchives.make(
            """
            with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                for number in range(10_000):
                    archive.writestr(f"folder{number % 100}/{number}.txt", f"line {number}\\n" * 20)
            """, in: folder, store: store)
        let entries = try await inflate(archive)
        #expect(entries.count == 10_000)
        #expect(Set(entries.map(\.blob)).count == 10_000)
        #expect(entries[4_711].path == "folder11/4711.txt")
    }
}
