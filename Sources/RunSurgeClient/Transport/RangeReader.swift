import AsyncHTTPClient
import NIOCore

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
