/// An expression of the Python grammar.
public final class Expression: Sendable {
    public let id: NodeID
    public let span: Span
    public let kind: Kind

    public init(id: NodeID, span: Span, kind: Kind) {
        self.id = id
        self.span = span
        self.kind = kind
    }

    public indirect enum Kind: Sendable {
        case name(String)
        case constant(Constant)
        case attribute(Expression, String)
        case item(Expression, Expression)
        case slice(Expression?, Expression?, Expression?)
        case call(Expression, [Expression], [Keyword])
        case binary(Expression, String, Expression)
        case unary(String, Expression)
        case boolean(String, [Expression])
        case compare(Expression, [String], [Expression])
        case conditional(test: Expression, then: Expression, otherwise: Expression)
        case lambda(Parameters, Expression)
        case list([Expression])
        case tuple([Expression])
        case set([Expression])
        /// A `nil` key is `**mapping`.
        case dict([Expression?], [Expression])
        case comprehension(ComprehensionKind, element: Expression, value: Expression?, [Generator])
        case starred(Expression)
        case named(Expression, Expression)
        case formatted([Expression])
        case formattedValue(Expression, conversion: Int, format: Expression?)
        case yield(Expression?)
        case await(Expression)
        case unknown(String)
    }

    public enum ComprehensionKind: String, Sendable, Hashable {
        case list = "listcomp"
        case set = "setcomp"
        case dict = "dictcomp"
        case generator = "genexp"
    }

    /// Whether it is the constant `None`.
    public var isNone: Bool {
        if case .constant(.none) = kind { true } else { false }
    }

    /// The name, when the expression is one.
    public var name: String? {
        if case .name(let name) = kind { name } else { nil }
    }
}

/// `name=value` or, without a name, `**value`.
public struct Keyword: Sendable {
    public let name: String?
    public let value: Expression
}

/// One `for target in iterable if …` of a comprehension.
public struct Generator: Sendable {
    public let target: Expression
    public let iterable: Expression
    public let conditions: [Expression]
    public let isAsync: Bool
}

/// The parameters of a function or lambda.
public struct Parameters: Sendable {
    public let positional: [String]
    public let variadic: String?
    public let keywordOnly: [String]
    public let keywordVariadic: String?
    /// Defaults of the last positional parameters, then those of keyword-only ones.
    public let defaults: [Expression]
    public let keywordDefaults: [Expression?]
    public let annotations: [Expression]

    /// Every parameter, in the order `positional`, `*args`, keyword-only, `**kwargs`.
    public var names: [String] {
        positional + (variadic.map { [$0] } ?? []) + keywordOnly + (keywordVariadic.map { [$0] } ?? [])
    }
}
