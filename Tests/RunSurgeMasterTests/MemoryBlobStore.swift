import RunSurgeCore

/// Blobs in memory, named by whatever the test says: the master never looks inside them but for scripts and plans.
actor MemoryBlobStore: BlobStore {
    private var blobs: [BlobReference: [UInt8]] = [:]

    @discardableResult
    func add(_ bytes: [UInt8]) -> BlobReference {
        let number = String(blobs.count + 1, radix: 16)
        let name = String(repeating: "0", count: 64 - number.count) + number
        let blob = BlobReference(sha256: name, size: Int64(bytes.count))
        blobs[blob] = bytes
        return blob
    }

    func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in chunks { bytes += chunk }
        return add(bytes)
    }

    func put(fileAt path: String) throws -> BlobReference { throw BlobError.notFound(path) }

    func read(_ blob: BlobReference, range: Range<Int64>) throws -> AsyncThrowingStream<[UInt8], any Error> {
        guard let bytes = blobs[blob] else { throw BlobError.notFound(blob.sha256) }
        return AsyncThrowingStream { continuation in
            continuation.yield(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
            continuation.finish()
        }
    }

    func materialize(_ blob: BlobReference, at path: String) throws { throw BlobError.notFound(path) }
    func contains(_ blob: BlobReference) -> Bool { blobs[blob] != nil }
}

/// Stands where the interpreter's process would be.
struct FixedSyntax: SyntaxExporting {
    var answer: @Sendable () throws -> [UInt8] = { Array(#"{"files": []}"#.utf8) }

    func exportSyntax(script: SourceFile, modules: [SourceFile]) async throws -> [UInt8] { try answer() }
}
