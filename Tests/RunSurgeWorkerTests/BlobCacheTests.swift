import Glibc
import RunSurgeCore
import Synchronization
import Testing

@testable import RunSurgeWorker

@Suite struct BlobCacheTests {
    private func cache(limit: Int64) async throws -> (BlobCache, FolderBlobStore, TestFolder) {
        let folder = try TestFolder()
        let store = try FolderBlobStore()
        let cache = try BlobCache(folder: folder.path + "/cache", limit: limit)
        await cache.use(store)
        return (cache, store, folder)
    }

    @Test func fetchesOnceWhateverTheNumberOfReaders() async throws {
        let (cache, store, folder) = try await cache(limit: 1 << 20)
        defer { folder.keep() }
        let blob = try await store.put(Array("hello".utf8))
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<50 {
                group.addTask { try await cache.bytes(of: blob, limit: 100) }
            }
            for try await bytes in group { #expect(bytes == Array("hello".utf8)) }
        }
        #expect(store.materialized.load(ordering: .relaxed) == 1)
    }

    @Test func waitsForAMasterThatIsAwayAndAsksTheNext() async throws {
        let (cache, store, folder) = try await cache(limit: 1 << 20)
        defer { folder.keep() }
        let blob = try await store.put(Array("hello".utf8))
        await cache.use(AwayStore())
        let reading = Task { try await cache.bytes(of: blob, limit: 100) }
        let writing = Task { try await cache.withStore { try await $0.put(Array("other".utf8)) } }
        await eventually("it is asked again") { AwayStore.calls.load(ordering: .relaxed) > 3 }
        // Another master leads now.
        await cache.use(store)
        #expect(try await reading.value == Array("hello".utf8))
        #expect(try await writing.value.size == 5)
    }

    @Test func keepsWithinItsLimitAndWhatIsInUse() async throws {
        let (cache, store, folder) = try await cache(limit: 1_000)
        defer { folder.keep() }
        let first = try await store.put([UInt8](repeating: 1, count: 600))
        let second = try await store.put([UInt8](repeating: 2, count: 600))
        try await cache.withFile(first) { path in
            _ = try await cache.bytes(of: second, limit: 1_000)
            #expect(FileStatus(path)?.size == 600)
        }
        let kept = FileTree.names(in: folder.path + "/cache")
        #expect(kept.count == 1)
        // It comes again when it is asked for again.
        #expect(try await cache.bytes(of: second, limit: 1_000).count == 600)
    }

    @Test func aMissingBlobIsAnErrorForEachReaderAndStaysMissing() async throws {
        let (cache, store, folder) = try await cache(limit: 1_000)
        defer { folder.keep() }
        let blob = BlobReference(sha256: String(repeating: "a", count: 64), size: 3)
        for _ in 0..<2 {
            await #expect(throws: BlobError.notFound(blob.sha256)) { try await cache.bytes(of: blob, limit: 10) }
        }
        #expect(store.materialized.load(ordering: .relaxed) == 2)
    }

    /// Another machine may have room: the work goes back at once.
    @Test func aFullDiskOfThisMachineIsNotWaitedFor() async throws {
        let (cache, store, folder) = try await cache(limit: 1_000)
        defer { folder.keep() }
        let blob = try await store.put(Array("hello".utf8))
        store.isReaderFull.store(true, ordering: .relaxed)
        await #expect(throws: BlobError.storageFull) { try await cache.bytes(of: blob, limit: 10) }
        #expect(store.materialized.load(ordering: .relaxed) == 1)
        store.isReaderFull.store(false, ordering: .relaxed)
        #expect(try await cache.bytes(of: blob, limit: 10) == Array("hello".utf8))
    }

    @Test func namesThatAreNoHashesNeverReachThePaths() async throws {
        let (cache, _, folder) = try await cache(limit: 1_000)
        defer { folder.keep() }
        let blob = BlobReference(sha256: "../../etc/passwd", size: 3)
        await #expect(throws: BlobError.self) { try await cache.bytes(of: blob, limit: 10) }
    }

    @Test func theEmptyBlobNeedsNoStore() async throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        let cache = try BlobCache(folder: folder.path + "/cache", limit: 10)
        await cache.use(try FolderBlobStore())
        #expect(try await cache.withFile(.empty) { FileStatus($0)?.size } == 0)
    }
}

/// A master that can't be reached.
private struct AwayStore: BlobStore {
    static let calls = Atomic(0)

    private var away: BlobError {
        Self.calls.add(1, ordering: .relaxed)
        return .unavailable("nobody answers")
    }

    func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8] { throw away }
    func put(fileAt path: String) async throws -> BlobReference { throw away }
    func read(_ blob: BlobReference, range: Range<Int64>) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        throw away
    }
    func materialize(_ blob: BlobReference, at path: String) async throws { throw away }
    func contains(_ blob: BlobReference) async throws -> Bool { throw away }
}
