/// Whether a job or a group is paid, as REST shows it.
public enum PaymentStatus: String, Sendable, Codable, CaseIterable {
    case pending, completed

    public init(_ bill: Bill) { self = bill.paidAt == nil ? .pending : .completed }
}
