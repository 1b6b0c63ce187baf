import Glibc
import RunSurgeCore
import Synchronization
import Testing

@testable import RunSurgeWorker

/// Blobs in a folder, named by a program that is not ours: `sha256sum`.
final class FolderBlobStore: BlobStore {
    let folder: TestFolder
    private let count = Atomic<Int>(0)
    let materialized = Atomic<Int>(0)
    let isFull = Atomic<Bool>(false)
    /// The disk that blobs are fetched to.
    let isReaderFull = Atomic<Bool>(false)
    /// Files that were turned away for want of room.
    let refused = Atomic<Int>(0)

    init() throws { folder = try TestFolder() }

    func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8] {
        let path = "\(folder.path)/new\(count.add(1, ordering: .relaxed).newValue)"
        let file = FileDescriptorBox(try FileDescriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644))
        for try await chunk in chunks { try file.write(chunk) }
        return try await put(fileAt: path)
    }

    func put(fileAt path: String) async throws -> BlobReference {
        if isFull.load(ordering: .relaxed) {
            refused.add(1, ordering: .relaxed)
            throw BlobError.storageFull
        }
        let folder = folder.path
        return try await BlockingWork.run {
            let answer = try CapturedCommand(
                path: "/usr/bin/sha256sum", arguments: ["-b", path], environment: [], timeout: .seconds(60),
                outputLimit: 1 << 16
            ).run()
            let sha = String(decoding: answer.output.prefix { $0 != 32 }, as: UTF8.self).replacing("\\", with: "")
            let blob = BlobReference(sha256: sha, size: FileStatus(path)?.size ?? -1)
            let target = "\(folder)/\(sha)"
            if FileStatus(target) == nil {
                try FileTree.copy(path, to: target)
                try FileTree.setMode(target, 0o444)
            }
            return blob
        }
    }

    func read(_ blob: BlobReference, range: Range<Int64>) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        let path = "\(folder.path)/\(blob.sha256)"
        let bytes = try FileDescriptor.open(path, O_RDONLY).read(at: range.lowerBound, limit: range.count)
        return AsyncThrowingStream { continuation in
            continuation.yield(bytes)
            continuation.finish()
        }
    }

    func materialize(_ blob: BlobReference, at path: String) async throws {
        materialized.add(1, ordering: .relaxed)
        if isReaderFull.load(ordering: .relaxed) { throw BlobError.storageFull }
        guard link("\(folder.path)/\(blob.sha256)", path) == 0 else { throw BlobError.notFound(blob.sha256) }
    }

    func contains(_ blob: BlobReference) async throws -> Bool { FileStatus("\(folder.path)/\(blob.sha256)") != nil }

    func text(_ blob: BlobReference) async throws -> String {
        String(decoding: try await bytes(of: blob, limit: 1 << 26), as: UTF8.self)
    }

    func entry(_ path: String, _ text: String, modified: Int64 = 1_700_000_000_123_456_789, mode: UInt32 = 0o644)
        async throws -> FileEntry
    {
        FileEntry(path: path, blob: try await put(Array(text.utf8)), modifiedNanoseconds: modified, mode: mode)
    }
}
