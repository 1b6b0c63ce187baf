/// The value of a literal, as far as the analysis cares.
public enum Constant: Sendable, Hashable {
    case none
    case ellipsis
    case bool(Bool)
    /// Decimal digits; empty when too long to travel.
    case int(String)
    /// `repr` of the float.
    case float(String)
    /// `nil` when the literal was cut or has no UTF-8 form.
    case string(String?)
    case bytes
    case other

    public var isNumber: Bool {
        switch self {
        case .int, .float: true
        default: false
        }
    }

    /// Identity comparison with these means the same in every process.
    public var isSingleton: Bool {
        switch self {
        case .none, .ellipsis, .bool: true
        default: false
        }
    }
}
