/// Immutable files by content. Adapters: a folder of files, the master's HTTP routes.
///
/// All methods may be called concurrently. A blob is readable only after `put` has returned, and then for good
/// until it is collected.
public protocol BlobStore: Sendable {
    /// Stores everything that `chunks` yields and returns its name once it is durable.
    /// - Parameter expected: the name that it must have; nil: any.
    /// - Throws: `BlobError.tooLarge` past `limit` bytes, `.unexpected`, `.storageFull`, or what `chunks` throws;
    ///   nothing is kept then.
    func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8]

    /// Stores an existing file's bytes.
    func put(fileAt path: String) async throws -> BlobReference

    /// Bytes `range` of the blob in pieces of at most 1 MiB.
    /// - Throws: `BlobError.notFound`; `.corrupted` when the file is not what its name says.
    func read(_ blob: BlobReference, range: Range<Int64>) async throws -> AsyncThrowingStream<[UInt8], any Error>

    /// Makes the blob a read-only local file at `path` (a hard link where possible).
    func materialize(_ blob: BlobReference, at path: String) async throws

    func contains(_ blob: BlobReference) async throws -> Bool
}

extension BlobStore {
    /// Stores what may have any name.
    public func put<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks, limit: Int64) async throws -> BlobReference
    where Chunks.Element == [UInt8] { try await put(chunks, limit: limit, expecting: nil) }

    /// Stores bytes that are in memory already.
    public func put(_ bytes: [UInt8]) async throws -> BlobReference {
        let once = AsyncStream<[UInt8]> { continuation in
            continuation.yield(bytes)
            continuation.finish()
        }
        return try await put(once, limit: .max)
    }

    /// The whole blob in memory; only for what is known to be small.
    public func bytes(of blob: BlobReference, limit: Int64) async throws -> [UInt8] {
        guard blob.size <= limit else { throw BlobError.tooLarge(limit: limit) }
        var all: [UInt8] = []
        all.reserveCapacity(Int(blob.size))
        for try await piece in try await read(blob, range: 0..<blob.size) { all += piece }
        return all
    }
}

public enum BlobError: Error, Equatable, CustomStringConvertible {
    case notFound(String)
    case tooLarge(limit: Int64)
    case storageFull
    case corrupted(String)
    /// The bytes are others than the name that they should have says.
    case unexpected(String)
    /// Nothing is wrong with the blob, and the same call may succeed later.
    case unavailable(String)

    public var description: String {
        switch self {
        case .notFound(let name): "There is no blob \(name); it may have been collected. Submit the file again."
        case .tooLarge(let limit): "The file is larger than the limit of \(limit) bytes."
        case .storageFull: "The disk for blobs is full; free some space and try again."
        case .corrupted(let name): "The stored blob \(name) does not match its name; restore it from a backup."
        case .unexpected(let name): "The bytes are not what the SHA-256 \(name) says, or were cut."
        case .unavailable(let reason): reason
        }
    }
}
