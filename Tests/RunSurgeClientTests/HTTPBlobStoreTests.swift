import Crypto
import Foundation
import RunSurgeCore
import RunSurgeTestStores
import Testing

@testable import RunSurgeClient

/// The port as a worker on another host fills it.
@Suite(.timeLimit(.minutes(1))) struct HTTPBlobStoreTests {
    private static func store(_ port: Int, _ folder: TemporaryFolder) -> HTTPBlobStore {
        HTTPBlobStore(url: "http://127.0.0.1:\(port)", token: LiveServer.blobPass, folder: folder.path)
    }

    private static func collect(_ store: HTTPBlobStore, _ blob: BlobReference, _ range: Range<Int64>) async throws
        -> String
    {
        var all: [UInt8] = []
        for try await piece in try await store.read(blob, range: range) {
            #expect(piece.count <= 1 << 20)
            all += piece
        }
        return String(decoding: all, as: UTF8.self)
    }

    @Test func whatIsPutCanBeReadWholeAndByRange() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let folder = try TemporaryFolder()
            let store = Self.store(port, folder)
            let blob = try await store.put(Array("0123456789".utf8))
            #expect(blob.size == 10 && server.blobs.kept == [blob.sha256])
            #expect(try await store.contains(blob))
            for (range, text) in [
                (Int64(0)..<10, "0123456789"), (3..<5, "34"), (9..<10, "9"), (4..<4, ""), (8..<99, "89"),
            ] {
                #expect(try await Self.collect(store, blob, range) == text)
            }
            #expect(folder.files.isEmpty, "The staged upload is gone.")
            let path = "\(folder.path)/copy"
            try await store.materialize(blob, at: path)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("0123456789".utf8))
            #expect(try LocalFile.status(of: path).mode & 0o7777 == 0o444)
            #expect(try await store.put(fileAt: path) == blob)
            #expect(server.blobs.received == 10, "What is there is not sent again.")
        }
    }

    @Test func anEmptyBlobIsABlob() async throws {
        try await LiveServer().run { port in
            let folder = try TemporaryFolder()
            let store = Self.store(port, folder)
            let blob = try await store.put([])
            #expect(blob == .empty)
            #expect(try await store.contains(blob))
            #expect(try await Self.collect(store, blob, 0..<0).isEmpty)
            try await store.materialize(blob, at: "\(folder.path)/empty")
            #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/empty")).isEmpty)
        }
    }

    @Test func errorsAreThoseOfThePort() async throws {
        let server = try LiveServer()
        try await server.run { port in
            let folder = try TemporaryFolder()
            let store = Self.store(port, folder)
            let missing = BlobReference(sha256: String(repeating: "a", count: 64), size: 3)
            #expect(try await !store.contains(missing))
            await #expect(throws: BlobError.notFound(missing.sha256)) {
                try await Self.collect(store, missing, 0..<3)
            }
            await #expect(throws: BlobError.notFound(missing.sha256)) {
                try await store.materialize(missing, at: "\(folder.path)/x")
            }
            let bytes = AsyncStream<[UInt8]> { continuation in
                for _ in 0..<3 { continuation.yield([1, 2, 3, 4]) }
                continuation.finish()
            }
            await #expect(throws: BlobError.tooLarge(limit: 10)) { try await store.put(bytes, limit: 10) }
            server.blobs.fail(with: .storageFull)
            await #expect(throws: BlobError.storageFull) { try await store.put([1]) }
            #expect(folder.files.isEmpty)
        }
    }

    @Test func aWrongTokenIsRefused() async throws {
        try await LiveServer().run { port in
            let folder = try TemporaryFolder()
            let store = HTTPBlobStore(url: "http://127.0.0.1:\(port)", token: "guess", folder: folder.path)
            let error = await #expect(throws: ClientError.self) { try await store.put([1]) }
            #expect(error?.status == 401)
        }
    }
}
