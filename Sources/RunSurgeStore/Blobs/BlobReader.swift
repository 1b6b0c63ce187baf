import Crypto
import RunSurgeCore

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Hands a range of an open blob on, piece by piece as they are asked for. A reader of the whole blob also learns at
/// its end whether the bytes are what the name says.
final actor BlobReader {
    static let pieceBytes: Int64 = 1 << 20

    private let file: FileHandle
    private let blob: BlobReference
    private let pool: BlockingPool
    private let end: Int64
    private var position: Int64
    private var hash: SHA256?

    init(file: FileHandle, blob: BlobReference, range: Range<Int64>, pool: BlockingPool) {
        self.file = file
        self.blob = blob
        self.pool = pool
        position = range.lowerBound
        end = range.upperBound
        hash = range == 0..<blob.size ? SHA256() : nil
    }

    /// nil at the end of the range.
    /// - Throws: `BlobError.corrupted`, `FileError`
    func next() async throws -> [UInt8]? {
        guard position < end else { return nil }
        let (file, offset) = (file, position)
        let count = Int(min(Self.pieceBytes, end - position))
        let bytes = try await pool.run { try file.read(at: offset, count: count) }
        guard bytes.count == count else { throw BlobError.corrupted(blob.sha256) }
        position += Int64(count)
        hash?.update(data: bytes)
        if position == end, let hash, hash.finalize().hexadecimal != blob.sha256 {
            // Out of the way of whoever stores the same bytes again, but not lost.
            _ = try await pool.run { rename(file.path, "\(file.path).damaged") }
            throw BlobError.corrupted(blob.sha256)
        }
        return bytes
    }
}
