import DequeModule
import Synchronization

/// What was last made of something, given again while that something is the same: it is compared, never assumed.
///
/// Keeps a bounded number of products, and drops the one that it has had longest. May be used from any thread; what two
/// callers want at the same time may be made twice.
public final class LastMade<Key: Hashable & Sendable, Source: Equatable & Sendable, Product: Sendable>: Sendable {
    private struct State {
        var known: [Key: (source: Source, product: Product)] = [:]
        /// Oldest first.
        var order: Deque<Key> = []
    }

    private let capacity: Int
    private let isKept: @Sendable (Source, Product) -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: products that are kept, 1 or more.
    ///   - isKept: whether a product may be, with what it was made of; large ones are not.
    public init(
        capacity: Int = 1_000, keeping isKept: @escaping @Sendable (Source, Product) -> Bool = { _, _ in true }
    ) {
        precondition(capacity >= 1)
        self.capacity = capacity
        self.isKept = isKept
    }

    /// - Throws: what `make` throws, which is not kept.
    public func product(for key: Key, of source: Source, make: () async throws -> Product) async rethrows -> Product {
        if let product = known(for: key, of: source) { return product }
        let product = try await make()
        keep(product, for: key, of: source)
        return product
    }

    /// As the other, for what is made at once.
    public func product(for key: Key, of source: Source, make: () throws -> Product) rethrows -> Product {
        if let product = known(for: key, of: source) { return product }
        let product = try make()
        keep(product, for: key, of: source)
        return product
    }

    private func known(for key: Key, of source: Source) -> Product? {
        let known = state.withLock { $0.known[key] }
        return known.flatMap { $0.source == source ? $0.product : nil }
    }

    private func keep(_ product: Product, for key: Key, of source: Source) {
        guard isKept(source, product) else { return }
        state.withLock { state in
            if state.known.updateValue((source, product), forKey: key) == nil { state.order.append(key) }
            if state.order.count > capacity, let oldest = state.order.popFirst() { state.known[oldest] = nil }
        }
    }
}
