import Hummingbird
import NIOCore
import RunSurgeCore

/// The bytes of a request's body with a bound on their number and on how slowly they may come.
///
/// A connection that sends nothing at all is closed by the server's idle timeout; this ends one that drips.
actor PacedBody: AsyncSequence {
    /// Bytes a second that a sender must reach on average, counted while the server waits for it.
    static let slowest = 1_024.0
    /// Before the pace is judged.
    static let grace = Duration.seconds(60)

    private var iterator: RequestBody.AsyncIterator?
    private let limit: Int64
    private let what: String
    private var received: Int64 = 0
    private var waited = Duration.zero

    /// - Parameter what: names what is too large in the error.
    init(_ body: RequestBody, limit: Int64, what: String) {
        iterator = body.makeAsyncIterator()
        self.limit = limit
        self.what = what
    }

    /// - Throws: 413 past the limit, 408 when the bytes come too slowly, 400 when the connection breaks.
    func next() async throws -> ByteBuffer? {
        guard var current = iterator.take() else { return nil }
        let start = ContinuousClock.now
        let bytes: ByteBuffer?
        do {
            bytes = try await current.next(isolation: #isolation)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw APIError(.badRequest, "connection_cut", "The connection broke before the body was complete.")
        }
        waited += ContinuousClock.now - start
        guard let bytes else { return nil }
        received += Int64(bytes.readableBytes)
        guard received <= limit else { throw APIError.tooLarge("The \(what) is larger than \(limit) bytes.") }
        if waited > Self.grace, Double(received) < Self.slowest * (waited / .seconds(1)) {
            throw APIError(
                .requestTimeout, "too_slow", "The upload is slower than \(Int(Self.slowest)) bytes a second.")
        }
        iterator = current
        return bytes
    }

    nonisolated func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: PacedBody

        mutating func next() async throws -> [UInt8]? {
            try await body.next().map { Array($0.readableBytesView) }
        }
    }
}
