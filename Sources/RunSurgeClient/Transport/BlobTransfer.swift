import AsyncHTTPClient
import Crypto
import Foundation
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

/// Reads a range by as many requests as it takes.
actor RangeReader {
    /// Times in a row that it may break without bringing a byte.
    private static let fruitlessAttempts = 5
    private static let pieceBytes = 1 << 20

    private let transport: Transport
    private let path: String
    private let end: Int64
    private var position: Int64
    private var pieces: HTTPClientResponse.Body.AsyncIterator?
    private var fruitless = 0
    private var rest = ByteBuffer()

    init(transport: Transport, path: String, range: Range<Int64>) {
        self.transport = transport
        self.path = path
        position = range.lowerBound
        end = range.upperBound
    }

    func next() async throws -> [UInt8]? {
        while position < end {
            if let bytes = rest.readBytes(length: min(Self.pieceBytes, rest.readableBytes)), !bytes.isEmpty {
                position += Int64(bytes.count)
                return bytes
            }
            do {
                try await fill()
                fruitless = 0
            } catch let error as ClientError where error.isRetriable && fruitless < Self.fruitlessAttempts {
                fruitless += 1
                pieces = nil
                try await Transport.pause(beforeAttempt: fruitless)
            }
        }
        return nil
    }

    private func fill() async throws {
        if pieces == nil {
            var call = Transport.Call(.GET, path)
            call.deadline = nil
            call.headers.add(name: "Range", value: "bytes=\(position)-\(end - 1)")
            let response = try await transport.send(call)
            guard response.status == .partialContent else {
                throw ClientError.unexpected("\(transport.url) does not answer ranges.")
            }
            pieces = response.body.makeAsyncIterator()
        }
        guard var current = pieces.take() else { return }
        let piece: ByteBuffer?
        do {
            piece = try await current.next(isolation: #isolation)
        } catch {
            throw transport.translated(error)
        }
        guard let piece else {
            throw ClientError(.interrupted, code: "interrupted", detail: "The connection to \(transport.url) broke.")
        }
        let left = end - position
        guard Int64(piece.readableBytes) <= left else {
            throw ClientError.unexpected("\(transport.url) sends more than was asked for.")
        }
        rest = piece
        pieces = current
    }
}

/// Arrays as the HTTP client wants them.
struct ByteBuffers<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == [UInt8] {
    let base: Base

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator()) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: Base.AsyncIterator

        mutating func next() async throws -> ByteBuffer? { try await base.next().map { ByteBuffer(bytes: $0) } }
    }
}
