import Crypto
import Foundation
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct BlobTests {
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.path + "/runsurge-blobs-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ bytes: [UInt8], _ name: String = "file") throws -> String {
            try Data(bytes).write(to: URL(filePath: path + "/" + name))
            return path + "/" + name
        }
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt64 = 88_172_645_463_325_252
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }

    private static func name(_ bytes: [UInt8]) -> String { HexCoding.encode(SHA256.hash(data: bytes)) }

    /// The blobs' files, as `ab/abcd…`.
    private func files(_ folder: Folder) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/store")
            .filter { $0.split(separator: "/").first?.count == 2 && $0.contains("/") }
    }

    @Test(arguments: [0, 1, 1 << 20, (1 << 20) + 1, 3_500_000]) func keepsBytesByTheirName(count: Int) async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let bytes = Self.bytes(count)
        let file = try folder.write(bytes)
        let blob = try await store.put(fileAt: file)
        #expect(blob == BlobReference(sha256: Self.name(bytes), size: Int64(count)))
        #expect(try await store.put(bytes) == blob)
        #expect(try await store.bytes(of: blob, limit: .max) == bytes)
        #expect(try await store.contains(blob))
        #expect(try files(folder) == ["\(blob.sha256.prefix(2))/\(blob.sha256)"])
    }

    @Test func aFileOfTheSameSizeIsNotTakenForTheSameFile() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        var bytes = Self.bytes(1_500_000)
        let first = try await store.put(fileAt: folder.write(bytes))
        #expect(try await store.put(fileAt: folder.write(bytes)) == first)
        bytes[700_000] ^= 1
        let second = try await store.put(fileAt: folder.write(bytes))
        #expect(second.sha256 == Self.name(bytes))
        #expect(try await store.bytes(of: second, limit: .max) == bytes)
        #expect(try files(folder).count == 2)
    }

    @Test func readsRanges() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let bytes = Self.bytes(2_500_000)
        let blob = try await store.put(bytes)
        for range in [0..<1, 5..<5, 1_048_575..<1_048_578, 2_499_990..<9_999_999] as [Range<Int64>] {
            var read: [UInt8] = []
            for try await piece in try await store.read(blob, range: range) {
                #expect(piece.count <= 1 << 20)
                read += piece
            }
            let clamped = range.clamped(to: 0..<2_500_000)
            #expect(read == Array(bytes[Int(clamped.lowerBound)..<Int(clamped.upperBound)]))
        }
    }

    /// The bytes in pieces of many sizes; then a failure, or the end.
    private static func pieces(
        _ bytes: [UInt8], then failure: (any Error)? = nil
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            var (rest, size) = (bytes[...], 1)
            while !rest.isEmpty {
                continuation.yield(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                size = size * 3 % 1_000_003
            }
            continuation.finish(throwing: failure)
        }
    }

    @Test func keepsWhatComesInPiecesWhenItHasTheNameThatIsExpected() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let bytes = Self.bytes(20_000_000)
        let name = Self.name(bytes)
        let others = Self.name([1])
        await #expect(throws: BlobError.unexpected(others)) {
            try await store.put(Self.pieces(bytes), limit: .max, expecting: others)
        }
        await #expect(throws: CancellationError.self) {
            try await store.put(Self.pieces(bytes, then: CancellationError()), limit: .max, expecting: name)
        }
        #expect(try files(folder).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/store/temporary").isEmpty)
        let blob = try await store.put(Self.pieces(bytes), limit: 20_000_000, expecting: name)
        #expect(blob == BlobReference(sha256: name, size: 20_000_000))
        #expect(try await store.bytes(of: blob, limit: .max) == bytes)
    }

    @Test func refusesWhatIsTooLargeAndKeepsNothing() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let pieces = AsyncStream<[UInt8]> { continuation in
            for _ in 0..<4 { continuation.yield([UInt8](repeating: 1, count: 10)) }
            continuation.finish()
        }
        await #expect(throws: BlobError.tooLarge(limit: 39)) { try await store.put(pieces, limit: 39) }
        #expect(try files(folder).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/store/temporary").isEmpty)
    }

    @Test func aFullDiskIsSaid() async throws {
        let disk = try SmallDisk(megabytes: 4)
        let folder = try Folder()
        let store = try FileBlobStore(folder: disk.path + "/store")
        let small = try await store.put([1, 2, 3])
        let file = try folder.write(Self.bytes(6 << 20))
        await #expect(throws: BlobError.storageFull) { try await store.put(fileAt: file) }
        let pieces = AsyncStream<[UInt8]> { continuation in
            for _ in 0..<6 { continuation.yield([UInt8](repeating: 1, count: 1 << 20)) }
            continuation.finish()
        }
        await #expect(throws: BlobError.storageFull) { try await store.put(pieces, limit: .max) }
        #expect(try await store.bytes(of: small, limit: 10) == [1, 2, 3])
        #expect(try await store.put([UInt8](repeating: 2, count: 1 << 20)).size == 1 << 20, "what failed left no room")
    }

    @Test func findsDamageAndIsHealed() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let bytes = Self.bytes(100_000)
        let blob = try await store.put(bytes)
        let path = try await store.localPath(of: blob)
        func damage(_ data: Data) throws {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try data.write(to: URL(filePath: path), options: [])
        }
        var changed = bytes
        changed[50_000] ^= 1
        try damage(Data(changed))
        await #expect(throws: BlobError.corrupted(blob.sha256)) { try await store.bytes(of: blob, limit: .max) }
        #expect(try await store.contains(blob) == false, "it has been put aside")
        #expect(try await store.put(bytes) == blob)
        #expect(try await store.bytes(of: blob, limit: .max) == bytes)
        try damage(Data(bytes.dropLast()))
        #expect(try await store.contains(blob) == false)
        await #expect(throws: BlobError.corrupted(blob.sha256)) { try await store.read(blob, range: 0..<1) }
        #expect(try await store.put(bytes) == blob)
        #expect(try await store.contains(blob))
    }

    @Test func anUnknownBlobIsNotFound() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let unknown = Fixture.blob(9)
        await #expect(throws: BlobError.notFound(unknown.sha256)) { try await store.read(unknown, range: 0..<1) }
        let escape = BlobReference(sha256: "../../../../etc/passwd", size: 1)
        await #expect(throws: BlobError.notFound(escape.sha256)) { try await store.read(escape, range: 0..<1) }
        await #expect(throws: (any Error).self) { try await store.put(fileAt: folder.path + "/missing") }
        await #expect(throws: (any Error).self) { try await store.put(fileAt: folder.path) }
    }

    @Test func givesFilesAndNeverItsOwnToWrite() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let blob = try await store.put(Array("text".utf8))
        let target = try folder.write([9, 9], "target")
        try await store.materialize(blob, at: target)
        try await store.materialize(blob, at: target)
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "text")
        let attributes = try FileManager.default.attributesOfItem(atPath: target)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o444)
        // To another file system, it is copied.
        let elsewhere = "/dev/shm/runsurge-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        try await store.materialize(blob, at: elsewhere + "/target")
        #expect(try String(contentsOfFile: elsewhere + "/target", encoding: .utf8) == "text")
        #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere) == ["target"])
    }

    @Test func aChangeOfTheSourceDoesNotReachTheStore() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let path = try folder.write(Array("before".utf8))
        let blob = try await store.put(fileAt: path)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data("AFTER!".utf8))
        try handle.close()
        #expect(try await store.bytes(of: blob, limit: 100) == Array("before".utf8))
    }

    @Test func manyWritersOfTheSameBytesAllEndWell() async throws {
        let folder = try Folder()
        let store = try FileBlobStore(folder: folder.path + "/store")
        let other = try FileBlobStore(folder: folder.path + "/store")
        let bytes = Self.bytes(200_000)
        try await withThrowingTaskGroup(of: BlobReference.self) { group in
            for number in 0..<20 { group.addTask { try await (number % 2 == 0 ? store : other).put(bytes) } }
            for try await blob in group { #expect(blob.sha256 == Self.name(bytes)) }
        }
        #expect(try files(folder).count == 1)
    }

    @Test func sweepsWhatDeadWritersLeft() async throws {
        let folder = try Folder()
        _ = try FileBlobStore(folder: folder.path + "/store")
        _ = try folder.write([1], "store/temporary/1-1-1")
        _ = try FileBlobStore(folder: folder.path + "/store")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/store/temporary").isEmpty)
    }
}
