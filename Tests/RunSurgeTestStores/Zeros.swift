/// So many zero bytes, made as they are read.
public struct Zeros: AsyncSequence, Sendable {
    private let count: Int

    public init(count: Int) { self.count = count }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(left: count) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var left: Int

        public mutating func next() async -> [UInt8]? {
            guard left > 0 else { return nil }
            let piece = [UInt8](repeating: 0, count: Swift.min(left, 1 << 18))
            left -= piece.count
            return piece
        }
    }
}
