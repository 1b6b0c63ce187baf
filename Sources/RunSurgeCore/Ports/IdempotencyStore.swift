/// Answers that were stored with their effects. The effects themselves are other ports' methods that take an
/// `Idempotency`.
public protocol IdempotencyStore: Sendable {
    /// The answer of a request that has been carried out within `Limits.idempotencyLife`; nil: it has not. A look before
    /// the work of a request, such as storing its files: the effect's own method looks again.
    /// - Throws: `StoreError.conflict` naming `idempotency_key` when the key was used for another request.
    func answer(of key: IdempotencyKey) async throws -> StoredAnswer?
}
