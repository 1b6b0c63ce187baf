import Crypto
public import RunSurgeCore

/// The master's blobs as a worker on another host sees them. Memory does not grow with their size.
public struct HTTPBlobStore: BlobStore {
    private let transfer: BlobTransfer
    private let folder: String

    /// - Parameters:
    ///   - url: the master's, such as `http://10.0.0.1:8000`
    ///   - token: the cluster's worker token.
    ///   - folder: exists; holds what is on its way out until its hash is known.
    public init(url: String, token: String, folder: String) {
        let credentials = Credentials(accessToken: token, refreshToken: nil, onChange: { _ in })
        transfer = BlobTransfer(transport: Transport(url: url, credentials: credentials), namesSize: true)
        self.folder = folder
    }

    public func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8] {
        // The name of a blob is needed before its first byte is sent.
        let path = "\(folder)/upload-\(UInt64.random(in: 0 ... .max))"
        let file = try await LocalFile.create(at: path)
        defer { LocalFile.remove(path) }
        var hash = SHA256()
        var size: Int64 = 0
        for try await piece in chunks {
            guard Int64(piece.count) <= limit - size else { throw BlobError.tooLarge(limit: limit) }
            hash.update(data: piece)
            try await file.write(piece, at: size)
            size += Int64(piece.count)
        }
        let blob = BlobReference(sha256: HexCoding.encode(hash.finalize()), size: size)
        try blob.require(name: expected)
        try await upload(FilePieces(path: path, size: size), as: blob)
        return blob
    }

    public func put(fileAt path: String) async throws -> BlobReference {
        let pieces = FilePieces(path: path, size: try LocalFile.status(of: path).size)
        let blob = try await pieces.hashed()
        try await upload(pieces, as: blob)
        return blob
    }

    public func read(_ blob: BlobReference, range: Range<Int64>) async throws -> AsyncThrowingStream<[UInt8], any Error>
    {
        let stream = transfer.read(blob, range: range)
        let reader = BlobErrors(name: blob.sha256)
        let pieces = PieceIterator(stream)
        return AsyncThrowingStream { try await reader.translating { try await pieces.next() } }
    }

    public func materialize(_ blob: BlobReference, at path: String) async throws {
        let pieces = transfer.read(blob, range: 0..<blob.size)
        try await BlobErrors(name: blob.sha256).translating {
            try await Download.save(pieces, to: path, mode: 0o444, modifiedNanoseconds: nil)
        }
    }

    public func contains(_ blob: BlobReference) async throws -> Bool { try await transfer.contains(blob) }

    private func upload(_ pieces: FilePieces, as blob: BlobReference) async throws {
        try await BlobErrors(name: blob.sha256).translating {
            if try await transfer.contains(blob) { return }
            _ = try await transfer.upload(pieces, as: blob)
        }
    }
}

/// The master's refusals in the words of the port.
private struct BlobErrors {
    let name: String

    func translating<Value>(_ operation: () async throws -> Value) async throws -> Value {
        do {
            return try await operation()
        } catch let error as ClientError {
            switch error.status {
            case 404: throw BlobError.notFound(name)
            case 413: throw BlobError.tooLarge(limit: Limits.uploadBytes)
            case 507: throw BlobError.storageFull
            case _ where error.isRetriable: throw BlobError.unavailable(error.description)
            default: throw error
            }
        }
    }
}

/// An iterator that closures can share, one call at a time.
private actor PieceIterator {
    private var iterator: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator?

    init(_ stream: AsyncThrowingStream<[UInt8], any Error>) { iterator = stream.makeAsyncIterator() }

    func next() async throws -> [UInt8]? {
        guard var current = iterator.take() else { return nil }
        let piece = try await current.next(isolation: #isolation)
        iterator = current
        return piece
    }
}
