/// A column of a result, by name or by position from 0: `"id"`, `0`, `.name(variable)`, `.index(variable)`.
public enum ColumnReference: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case name(String)
    case index(Int)

    public init(stringLiteral value: String) { self = .name(value) }
    public init(integerLiteral value: Int) { self = .index(value) }
}

extension ColumnReference: CustomStringConvertible {
    public var description: String {
        switch self {
        case .name(let name): name
        case .index(let index): "#\(index)"
        }
    }
}
