import Crypto
import RunSurgeCore

/// Bytes that must turn out to be what they are announced as. The error comes before the end, so that a store that
/// reads them keeps nothing.
struct CheckedBytes<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == [UInt8] {
    let base: Base
    let expected: String

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: base.makeAsyncIterator(), expected: expected) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: Base.AsyncIterator
        fileprivate let expected: String
        private var hash = SHA256()

        fileprivate init(base: Base.AsyncIterator, expected: String) {
            self.base = base
            self.expected = expected
        }

        mutating func next() async throws -> [UInt8]? {
            if let piece = try await base.next() {
                hash.update(data: piece)
                return piece
            }
            guard HexCoding.encode(hash.finalize()) == expected else {
                throw APIError.invalid("sha256", "The body is not what its SHA-256 says, or was cut.")
            }
            return nil
        }
    }
}
