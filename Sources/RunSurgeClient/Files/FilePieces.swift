import Crypto
import RunSurgeCore

/// The first `size` bytes of a file, piece by piece. A file that has become shorter is an error, not a short upload.
struct FilePieces: AsyncSequence, Sendable {
    static let pieceBytes = 256 << 10

    let path: String
    let size: Int64

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(path: path, size: size) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let path: String
        fileprivate let size: Int64
        private var file: LocalFile?
        private var offset: Int64 = 0

        fileprivate init(path: String, size: Int64) {
            self.path = path
            self.size = size
        }

        mutating func next() async throws -> [UInt8]? {
            guard offset < size else { return nil }
            let file = if let file { file } else { try await LocalFile.open(reading: path) }
            self.file = file
            let wanted = Int(Swift.min(Int64(FilePieces.pieceBytes), size - offset))
            let bytes = try await file.read(at: offset, count: wanted)
            guard bytes.count == wanted else {
                throw ClientError(.localFile, code: "file_changed", detail: "\(path) became shorter while it was sent.")
            }
            offset += Int64(wanted)
            return bytes
        }
    }

    /// The name that the bytes have as a blob.
    func hashed() async throws -> BlobReference {
        var hash = SHA256()
        for try await piece in self { hash.update(data: piece) }
        return BlobReference(sha256: HexCoding.encode(hash.finalize()), size: size)
    }
}
