/// All files of a program with their scopes, bindings and occurrences of names.
final class Program {
    let export: SyntaxExport
    var scopes: [Scope] = []
    /// Scope of a function, lambda, comprehension or class by its node.
    var scopeOfNode: [NodeID: ScopeID] = [:]
    /// Module scope of each file.
    var moduleScopes: [ScopeID] = []
    var bindings: [Variable: [Binding]] = [:]
    var occurrences: [Variable: [Occurrence]] = [:]
    /// Builtin names the program mentions, with the lines.
    var builtinUses: [String: [Int]] = [:]
    /// Functions and methods of script classes by method name.
    var methods: [String: [ScopeID]] = [:]
    var starImports: [(file: Int, line: Int, module: String)] = []
    /// Properties of script classes by attribute name: reading the attribute runs them.
    private(set) var properties: [String: [ScopeID]] = [:]
    private(set) var propertySetters: [String: [ScopeID]] = [:]
    /// Whether any script class gives operators a meaning of its own.
    private(set) var hasOverloads = false
    /// Whether `x += 1` may change an object in place: script classes or arrays of other packages may be there.
    private(set) var hasInPlaceOperators = false
    private(set) var classVariables: Set<Variable> = []
    /// Attributes assigned somewhere whose names are those of methods.
    var patches = PatchedNames()
    /// Special methods that are assigned to something that can't be followed.
    var opaqueSpecials: [(scope: ScopeID, name: String, line: Int)] = []
    var nonlocalNames: Set<String> = []
    /// What names are given besides plain assignments.
    private(set) lazy var constants = ConstantIndex(program: self)
    private var fileOfModule: [String: Int] = [:]

    init(_ export: SyntaxExport) {
        self.export = export
        for (index, file) in export.files.enumerated() {
            if let module = file.module { fileOfModule[module] = index }
        }
        var builder = ScopeBuilder(program: self)
        builder.build()
        findMethodAliases()
        properties = decorated(["builtins.property", "functools.cached_property"])
        propertySetters = decorated([".setter"])
        hasOverloads = !Set(methods.keys).isDisjoint(with: Overloads.operators)
        hasInPlaceOperators = importsForeignModule() || methods.keys.contains { Overloads.inPlace.contains($0) }
        classVariables = Set(
            bindings.compactMap { variable, all in
                all.contains { if case .classDefinition = $0 { true } else { false } } ? variable : nil
            })
        findPatches()
    }

    /// The scope a name belongs to when used in `scope`; `nil` for builtins.
    func resolve(_ name: String, in scope: ScopeID) -> Variable? {
        var current: ScopeID? = scope
        var isFirst = true
        while let id = current {
            let here = scopes[id]
            if here.globals.contains(name) {
                return Variable(scope: moduleScopes[here.file], name: name)
            }
            let visible = isFirst || here.kind != .classBody
            if visible, here.bound.contains(name), !here.nonlocals.contains(name) {
                return Variable(scope: id, name: name)
            }
            isFirst = false
            current = here.parent
        }
        return nil
    }

    /// The only binding of a variable, or `nil` when there are several.
    func singleBinding(_ variable: Variable) -> Binding? {
        // A nonlocal write may come from a scope that was built before the owner was known.
        guard let all = bindings[variable], let first = all.first, !nonlocalNames.contains(variable.name) else {
            return nil
        }
        if all.count == 1 { return first }
        guard case .module(let module) = first else { return nil }
        let same = all.allSatisfy { if case .module(module) = $0 { true } else { false } }
        return same ? first : nil
    }

    func isModule(_ variable: Variable) -> Bool { scopes[variable.scope].kind == .module }

    /// The file of an own module, or `nil` for any other module.
    func file(ofModule name: String) -> Int? { fileOfModule[name] }

    /// Follows `from helper import f` and attribute access on own modules to the definition.
    func definition(_ variable: Variable) -> (variable: Variable, binding: Binding)? {
        var current = variable
        for _ in 0..<16 {
            guard let binding = singleBinding(current) else { return nil }
            guard case .importedName(let module, let name) = binding, let file = file(ofModule: module) else {
                return (current, binding)
            }
            current = Variable(scope: moduleScopes[file], name: name)
        }
        return nil
    }

    /// The innermost function or module scope around `scope`, lambdas and comprehensions apart.
    func home(of scope: ScopeID) -> ScopeID {
        var current = scope
        while scopes[current].kind == .comprehension || scopes[current].kind == .lambda {
            guard let parent = scopes[current].parent else { break }
            current = parent
        }
        return current
    }

    func isInside(_ scope: ScopeID, _ ancestor: ScopeID) -> Bool {
        var current: ScopeID? = scope
        while let id = current {
            if id == ancestor { return true }
            current = scopes[id].parent
        }
        return false
    }
}
