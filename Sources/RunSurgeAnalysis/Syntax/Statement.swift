/// A statement of the Python grammar.
public final class Statement: Sendable {
    public let id: NodeID
    public let span: Span
    public let kind: Kind

    public init(id: NodeID, span: Span, kind: Kind) {
        self.id = id
        self.span = span
        self.kind = kind
    }

    public indirect enum Kind: Sendable {
        case expression(Expression)
        case assign([Expression], Expression)
        case augmented(Expression, String, Expression)
        case annotated(Expression, annotation: Expression, value: Expression?)
        case forLoop(ForLoop)
        case whileLoop(Expression, [Statement], orElse: [Statement])
        case ifElse(Expression, [Statement], orElse: [Statement])
        case with([WithItem], [Statement], isAsync: Bool)
        case tryExcept(TryStatement)
        case function(FunctionDefinition)
        case classDefinition(ClassDefinition)
        case `return`(Expression?)
        case raise(Expression?, cause: Expression?)
        case assert(Expression, Expression?)
        case delete([Expression])
        case importModules([ImportAlias])
        case importFrom(module: String?, level: Int, [ImportAlias])
        case global([String])
        case nonlocal([String])
        case match(Expression, [MatchCase])
        case pass
        case breakLoop
        case continueLoop
        case unknown(String)
    }
}

public struct ForLoop: Sendable {
    public let target: Expression
    public let iterable: Expression
    public let body: [Statement]
    public let orElse: [Statement]
    public let isAsync: Bool
}

public struct WithItem: Sendable {
    public let context: Expression
    public let target: Expression?
}

public struct TryStatement: Sendable {
    public let body: [Statement]
    public let handlers: [Handler]
    public let orElse: [Statement]
    public let finally: [Statement]

    public struct Handler: Sendable {
        public let type: Expression?
        public let name: String?
        public let body: [Statement]
    }
}

public struct FunctionDefinition: Sendable {
    public let name: String
    public let parameters: Parameters
    public let body: [Statement]
    public let decorators: [Expression]
    public let isAsync: Bool
}

public struct ClassDefinition: Sendable {
    public let name: String
    public let bases: [Expression]
    public let keywords: [Keyword]
    public let body: [Statement]
    public let decorators: [Expression]
}

public struct ImportAlias: Sendable {
    public let name: String
    public let alias: String?
}

public struct MatchCase: Sendable {
    /// Names that the pattern may bind.
    public let captures: [String]
    /// Values and classes that the pattern compares with.
    public let values: [Expression]
    public let condition: Expression?
    public let body: [Statement]
}
