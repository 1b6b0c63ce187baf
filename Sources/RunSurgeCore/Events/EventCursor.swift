/// A place in the order of all events, the same for every master and after every restart: what is read later is
/// greater. As text, it is a `Last-Event-ID`.
public struct EventCursor: Sendable, Hashable, Comparable, LosslessStringConvertible {
    /// Number of the transaction that made the change.
    public let transaction: Int64
    public let number: Int64

    public init(transaction: Int64, number: Int64) {
        self.transaction = transaction
        self.number = number
    }

    /// nil when the text is none that `description` gives.
    public init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let transaction = Int64(parts[0]), let number = Int64(parts[1]), transaction >= 0,
            number >= 0
        else { return nil }
        self.init(transaction: transaction, number: number)
    }

    public var description: String { "\(transaction)-\(number)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.transaction, left.number) < (right.transaction, right.number)
    }
}
