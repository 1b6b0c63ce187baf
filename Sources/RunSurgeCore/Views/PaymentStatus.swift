/// Whether an amount was paid, as REST says it.
public enum PaymentStatus: String, Sendable, Codable, CaseIterable {
    case pending, paid

    public init(isPaid: Bool) { self = isPaid ? .paid : .pending }
}
