typealias ScopeID = Int

/// A region of program text with names of its own.
final class Scope {
    enum Kind { case module, function, lambda, comprehension, classBody }

    let id: ScopeID
    let kind: Kind
    let name: String
    let parent: ScopeID?
    let file: Int
    let node: NodeID
    let parameters: Parameters?
    /// The statements of a module, function or class; empty otherwise.
    let body: [Statement]
    /// The value of a lambda.
    let value: Expression?
    let function: FunctionDefinition?
    let definition: ClassDefinition?
    var bound: Set<String> = []
    var globals: Set<String> = []
    var nonlocals: Set<String> = []
    var isGenerator = false

    init(
        id: ScopeID, kind: Kind, name: String, parent: ScopeID?, file: Int, node: NodeID,
        parameters: Parameters? = nil, body: [Statement] = [], value: Expression? = nil,
        function: FunctionDefinition? = nil, definition: ClassDefinition? = nil
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.parent = parent
        self.file = file
        self.node = node
        self.parameters = parameters
        self.body = body
        self.value = value
        self.function = function
        self.definition = definition
    }
}

/// A name of one scope.
struct Variable: Hashable {
    let scope: ScopeID
    let name: String

    /// Variables are hashed more than anything else here, and their names differ early or in length.
    func hash(into hasher: inout Hasher) {
        hasher.combine(scope)
        hasher.combine(name.utf8.count)
        for byte in name.utf8.prefix(8) { hasher.combine(byte) }
    }
}

/// What a name is bound to somewhere.
enum Binding {
    case function(ScopeID)
    case lambda(ScopeID)
    case classDefinition(ScopeID)
    /// `import a.b` binds `a` to module `a`; with an alias to `a.b`.
    case module(String)
    case importedName(module: String, name: String)
    case value(Expression)
    /// Loop targets, unpacking, `with … as`, parameters: bound to something not written down.
    case opaque
}

/// One place where a name is used.
struct Occurrence {
    enum Mode { case load, store, delete }
    let node: NodeID
    let mode: Mode
    let scope: ScopeID
    let line: Int
}
