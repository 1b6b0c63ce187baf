import AsyncHTTPClient
import Crypto
import NIOCore
import NIOHTTP1
import RunSurgeCore

/// Moves blobs over a transport: uploads that are skipped when the master has the bytes, downloads that go on where
/// they broke and are checked.
struct BlobTransfer: Sendable {
    let transport: Transport
    /// Workers name the size, which they know.
    let namesSize: Bool

    private func path(_ blob: BlobReference) -> String {
        namesSize ? "/api/blob/\(blob.sha256)?size=\(blob.size)" : "/api/blob/\(blob.sha256)"
    }

    func contains(_ blob: BlobReference) async throws -> Bool {
        do {
            _ = try await transport.send(Transport.Call(.HEAD, path(blob)))
            return true
        } catch let error as ClientError where error.status == 404 {
            return false
        }
    }

    /// - Returns: what the master answers, with the receipt.
    func upload(_ pieces: FilePieces, as blob: BlobReference) async throws -> StoredBlobView {
        var call = Transport.Call(.PUT, path(blob))
        call.deadline = nil
        call.headers.add(name: "Content-Type", value: "application/octet-stream")
        call.body = { .stream(ByteBuffers(base: pieces), length: .known(blob.size)) }
        return try await transport.json(call)
    }

    func upload(_ bytes: [UInt8], as blob: BlobReference) async throws -> StoredBlobView {
        var call = Transport.Call(.PUT, path(blob))
        call.deadline = nil
        call.body = { .bytes(ByteBuffer(bytes: bytes)) }
        return try await transport.json(call)
    }

    func read(_ blob: BlobReference, range: Range<Int64>) -> AsyncThrowingStream<[UInt8], any Error> {
        read(at: path(blob), expecting: blob, range: range)
    }

    /// - Parameter path: answers with the blob's bytes and takes ranges.
    func read(
        at path: String, expecting blob: BlobReference, range: Range<Int64>
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let range = range.clamped(to: 0..<blob.size)
        let reader = RangeReader(transport: transport, path: path, range: range)
        let checker = BlobChecker(blob: blob, isWhole: range == 0..<blob.size)
        return AsyncThrowingStream { try await checker.checked(try await reader.next()) }
    }
}

/// Compares what has passed with the blob's name, at the end.
private actor BlobChecker {
    private let blob: BlobReference
    private var hash: SHA256?

    init(blob: BlobReference, isWhole: Bool) {
        self.blob = blob
        hash = isWhole ? SHA256() : nil
    }

    func checked(_ piece: [UInt8]?) throws -> [UInt8]? {
        if let piece {
            hash?.update(data: piece)
            return piece
        }
        if let hash, HexCoding.encode(hash.finalize()) != blob.sha256 { throw BlobError.corrupted(blob.sha256) }
        return nil
    }
}
