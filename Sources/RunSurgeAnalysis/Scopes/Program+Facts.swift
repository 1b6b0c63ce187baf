extension Program {
    /// The scope itself with the lambdas, comprehensions and class bodies directly inside.
    func ownedScopes(of scope: ScopeID) -> Set<ScopeID> {
        var owned: Set<ScopeID> = [scope]
        // Scopes are numbered outside in.
        for inner in scopes where inner.id > scope {
            guard inner.kind != .function, inner.kind != .module, let parent = inner.parent, owned.contains(parent)
            else {
                continue
            }
            owned.insert(inner.id)
        }
        return owned
    }

    func isBuiltin(_ name: String) -> Bool {
        BuiltinFunctions.knowledge(name) != nil || BuiltinFunctions.constants.contains(name) || name == "print"
            || words("object property staticmethod classmethod open exit quit copyright credits license __name__")
                .contains(name)
    }

    /// `helpers.f` for an own module `helpers`.
    func ownModuleVariable(_ path: String) -> Variable? {
        guard let dot = path.lastIndex(of: "."), let file = file(ofModule: String(path[..<dot])) else { return nil }
        let name = String(path[path.index(after: dot)...])
        guard scopes[moduleScopes[file]].bound.contains(name) else { return nil }
        return Variable(scope: moduleScopes[file], name: name)
    }

    /// `a.b.c` when `a` is a module, an imported name or a builtin type.
    func dotted(_ expression: Expression, _ scope: ScopeID) -> String? {
        switch expression.kind {
        case .name(let name):
            guard let variable = resolve(name, in: scope) else {
                return isBuiltin(name) ? "builtins.\(name)" : nil
            }
            switch definition(variable)?.binding {
            case .module(let module): return module
            case .importedName(let module, let name): return "\(module).\(name)"
            default: return nil
            }
        case .attribute(let base, let name):
            guard let path = dotted(base, scope) else { return nil }
            return "\(path).\(name)"
        default: return nil
        }
    }

    private func calls(_ variable: Variable) -> [String] {
        (bindings[variable] ?? []).compactMap { binding in
            guard case .value(let value) = binding, case .call(let function, _, _) = value.kind else { return nil }
            return trailing(function)
        }
    }

    private func trailing(_ function: Expression) -> String? {
        switch function.kind {
        case .name(let name), .attribute(_, let name): name
        default: nil
        }
    }

    /// Whether a name is bound somewhere to an iterator, which forgets what it gave.
    func isIterator(_ variable: Variable) -> Bool {
        let makers = words(
            "open iter zip map filter enumerate reversed reader DictReader iglob finditer scandir chain islice groupby cycle count"
        )
        for binding in bindings[variable] ?? [] {
            guard case .value(let value) = binding else { continue }
            switch value.kind {
            case .comprehension(.generator, _, _, _): return true
            case .call(let function, _, _):
                if let name = trailing(function), makers.contains(name) { return true }
                if let name = function.name, let callee = resolve(name, in: variable.scope),
                    case .function(let inner)? = singleBinding(callee), scopes[inner].isGenerator
                {
                    return true
                }
            default: continue
            }
        }
        return false
    }

    func isDefaultDict(_ variable: Variable) -> Bool { calls(variable).contains("defaultdict") }

    func isCounter(_ variable: Variable) -> Bool { calls(variable).contains("Counter") }

    func isSet(_ variable: Variable) -> Bool {
        let bindings = bindings[variable] ?? []
        return !bindings.isEmpty
            && bindings.allSatisfy { binding in
                guard case .value(let value) = binding else { return false }
                if case .set = value.kind { return true }
                if case .comprehension(.set, _, _, _) = value.kind { return true }
                if case .call(let function, _, _) = value.kind { return function.name == "set" }
                return false
            }
    }

    /// Whether a name may hold a module that nobody here can name.
    func mayBeModule(_ variable: Variable) -> Bool {
        (bindings[variable] ?? []).contains { binding in
            switch binding {
            case .module: true
            case .importedName(let module, _): file(ofModule: module) == nil
            default: false
            }
        }
    }

    func mayBeImported(_ variable: Variable) -> Bool {
        (bindings[variable] ?? []).contains { if case .importedName = $0 { true } else { false } }
    }

    /// Whether a name means the same whenever it is looked at.
    func isStable(_ variable: Variable) -> Bool {
        switch definition(variable)?.binding {
        case .function, .classDefinition, .lambda, .module, .importedName: return true
        case .value(let value):
            switch value.kind {
            case .constant, .lambda: return true
            case .call(let function, _, _): return dotted(function, variable.scope) == "re.compile"
            default: return false
            }
        default: return false
        }
    }

    // MARK: functions

    /// Dotted paths of the decorators; a property's own are `.setter` and the like.
    private func decoratorPaths(_ decorators: [Expression], _ scope: ScopeID) -> [String] {
        decorators.map { decorator in
            var plain = decorator
            if case .call(let function, _, _) = decorator.kind { plain = function }
            if let path = dotted(plain, scope), ownModuleVariable(path) == nil { return path }
            if case .attribute(let base, let name) = plain.kind, let text = base.name,
                scopes[scope].kind == .classBody, scopes[scope].bound.contains(text)
            {
                return ".\(name)"
            }
            return SourceText.short(plain)
        }
    }

    func decoratorPaths(_ scope: ScopeID) -> [String] {
        let here = scopes[scope]
        return decoratorPaths(here.function?.decorators ?? here.definition?.decorators ?? [], here.parent ?? 0)
    }

    private static let cachingDecorators: Set<String> = ["functools.lru_cache", "functools.cache"]
    private static let knownDecorators = cachingDecorators.union([
        "builtins.staticmethod", "builtins.classmethod", "builtins.property", "abc.abstractmethod", "typing.override",
        "typing.final", "functools.cached_property", ".setter", "contextlib.contextmanager", "typing.overload",
        "functools.wraps",
    ])
    static let knownClassDecorators: Set<String> = [
        "dataclasses.dataclass", "functools.total_ordering", "enum.unique", "typing.final", "typing.runtime_checkable",
    ]

    func isCached(_ scope: ScopeID) -> Bool { !Self.cachingDecorators.isDisjoint(with: decoratorPaths(scope)) }

    func isStatic(_ scope: ScopeID) -> Bool { decoratorPaths(scope).contains("builtins.staticmethod") }

    func isCachedProperty(_ scope: ScopeID) -> Bool { decoratorPaths(scope).contains("functools.cached_property") }

    /// Whether its first parameter is a class.
    func takesClass(_ scope: ScopeID) -> Bool {
        decoratorPaths(scope).contains("builtins.classmethod") || scopes[scope].name == "__new__"
            || scopes[scope].name == "__init_subclass__"
    }

    /// Why calling a function may do more than its body says.
    func opaqueFunction(_ scope: ScopeID) -> String? {
        if let path = decoratorPaths(scope).first(where: { !Self.knownDecorators.contains($0) }) {
            return "\(scopes[scope].name)() is wrapped by decorator \(path)"
        }
        if decoratorPaths(scope).contains("functools.wraps") { return "\(scopes[scope].name)() wraps another function" }
        if scopes[scope].function?.isAsync == true { return "\(scopes[scope].name)() is async" }
        return nil
    }

    /// A decorator of the function around, or of a class around it, that nobody here knows: it may look at the code.
    func foreignDecorator(around scope: ScopeID) -> String? {
        var current: ScopeID? = scope
        while let id = current {
            let here = scopes[id]
            let known = here.kind == .classBody ? Self.knownClassDecorators : Self.knownDecorators
            let decorators = here.function?.decorators ?? here.definition?.decorators ?? []
            for (decorator, path) in zip(decorators, decoratorPaths(id)) where !known.contains(path) {
                var plain = decorator
                if case .call(let function, _, _) = decorator.kind { plain = function }
                if let name = plain.name, let variable = resolve(name, in: here.parent ?? 0),
                    case .function? = definition(variable)?.binding
                {
                    continue
                }
                return path
            }
            current = here.parent
        }
        return nil
    }

    /// Methods with one of these decorators, by name.
    func decorated(_ paths: Set<String>) -> [String: [ScopeID]] {
        methods.mapValues { $0.filter { !paths.isDisjoint(with: decoratorPaths($0)) } }.filter { !$0.value.isEmpty }
    }

    /// `is` with None, True, False, Ellipsis or a type means the same in every process.
    func isProcessIndependentIdentity(_ left: Expression, _ right: Expression, in scope: ScopeID) -> Bool {
        for side in [left, right] {
            if case .constant(let constant) = side.kind, constant.isSingleton { return true }
            if let name = side.name, resolve(name, in: scope) == nil,
                ["int", "str", "float", "list", "dict", "tuple", "set", "bool", "bytes", "NotImplemented"].contains(
                    name)
            {
                return true
            }
        }
        return false
    }
}
