import Crypto
public import Foundation
public import RunSurgeCore
import Synchronization

/// Blobs as files of a temporary folder that goes with the store. Counts what it is given.
public final class FolderBlobs: BlobStore {
    private struct State {
        var received: Int64 = 0
        var failure: BlobError?
        var kept: Set<String> = []
        var openReads = 0
    }

    public let folder: URL
    private let state = Mutex(State())

    /// A server that is still ending when the process does holds its store until then.
    private static let leftovers: Mutex<[URL]> = {
        atexit {
            for folder in FolderBlobs.leftovers.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
        }
        return Mutex([])
    }()

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "runsurge-blobs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        Self.leftovers.withLock { [folder] in $0.append(folder) }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Bytes of all puts so far, whatever became of them.
    public var received: Int64 { state.withLock { $0.received } }
    /// Names of the blobs that are kept.
    public var kept: Set<String> { state.withLock { $0.kept } }
    /// Streams that somebody still holds.
    public var openReads: Int { state.withLock { $0.openReads } }
    /// Files in the folder, unfinished ones too.
    public var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] }
    /// What every further put fails with, after its first piece.
    public func fail(with error: BlobError?) { state.withLock { $0.failure = error } }

    public func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8] {
        let staged = folder.appending(path: "staged-\(UUID().uuidString)")
        try Data().write(to: staged)
        do {
            let file = try FileHandle(forWritingTo: staged)
            defer { try? file.close() }
            var hash = SHA256()
            var size: Int64 = 0
            for try await piece in chunks {
                state.withLock { $0.received += Int64(piece.count) }
                if let failure = state.withLock({ $0.failure }) { throw failure }
                guard size + Int64(piece.count) <= limit else { throw BlobError.tooLarge(limit: limit) }
                hash.update(data: piece)
                try file.write(contentsOf: piece)
                size += Int64(piece.count)
            }
            let blob = BlobReference(sha256: HexCoding.encode(hash.finalize()), size: size)
            try blob.require(name: expected)
            return try keep(staged, blob)
        } catch {
            try? FileManager.default.removeItem(at: staged)
            throw error
        }
    }

    private func keep(_ staged: URL, _ blob: BlobReference) throws -> BlobReference {
        let path = folder.appending(path: blob.sha256)
        try? FileManager.default.removeItem(at: path)
        try FileManager.default.moveItem(at: staged, to: path)
        state.withLock { _ = $0.kept.insert(blob.sha256) }
        return blob
    }

    public func put(fileAt path: String) async throws -> BlobReference {
        try await put(Array(Data(contentsOf: URL(filePath: path))))
    }

    public func read(_ blob: BlobReference, range: Range<Int64>) async throws -> AsyncThrowingStream<[UInt8], any Error>
    {
        guard try await contains(blob) else { throw BlobError.notFound(blob.sha256) }
        let file = try FileHandle(forReadingFrom: folder.appending(path: blob.sha256))
        try file.seek(toOffset: UInt64(range.lowerBound))
        let read = OpenRead(self, file: file, count: range.clamped(to: 0..<blob.size).count)
        return AsyncThrowingStream { try read.next() }
    }

    private final class OpenRead: Sendable {
        private let store: FolderBlobs
        private let file: FileHandle
        private let left: Mutex<Int>

        init(_ store: FolderBlobs, file: FileHandle, count: Int) {
            self.store = store
            self.file = file
            left = Mutex(count)
            store.state.withLock { $0.openReads += 1 }
        }

        deinit { store.state.withLock { $0.openReads -= 1 } }

        func next() throws -> [UInt8]? {
            let count = left.withLock { min($0, 1 << 20) }
            guard count > 0, let bytes = try file.read(upToCount: count) else { return nil }
            left.withLock { $0 -= bytes.count }
            return Array(bytes)
        }
    }

    public func materialize(_ blob: BlobReference, at path: String) async throws {
        try FileManager.default.copyItem(atPath: folder.appending(path: blob.sha256).path, toPath: path)
    }

    public func contains(_ blob: BlobReference) async throws -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder.appending(path: blob.sha256).path)
        return (attributes?[.size] as? NSNumber)?.int64Value == blob.size
    }
}
