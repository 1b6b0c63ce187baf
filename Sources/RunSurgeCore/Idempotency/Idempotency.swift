/// A wish to have an effect at most once, and what its repetition is answered with. A store method that takes one
/// claims the key, has the effect and stores the answer in one transaction: there is nothing for its caller to forget.
public struct Idempotency<Value: Sendable>: Sendable {
    public let key: IdempotencyKey
    /// Makes the answer from what the effect returned, inside the transaction: when it throws, nothing has happened.
    public let answer: @Sendable (Value) throws -> StoredAnswer

    public init(_ key: IdempotencyKey, answer: @escaping @Sendable (Value) throws -> StoredAnswer) {
        self.key = key
        self.answer = answer
    }
}

/// What became of a call with an `Idempotency`.
public enum Once<Value: Sendable>: Sendable {
    /// The effect has happened now.
    case performed(Value)
    /// It had happened before, and this is what was answered then.
    case replayed(StoredAnswer)
}

extension Once {
    /// What was performed; for calls without a key, which are never replayed.
    public var performedValue: Value {
        get throws {
            guard case .performed(let value) = self else {
                throw StoreError.inconsistent("a call without a key was replayed")
            }
            return value
        }
    }
}
