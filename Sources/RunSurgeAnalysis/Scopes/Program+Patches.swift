/// Attributes by which a method call may reach something else than the method of that name.
struct PatchedNames {
    /// Assigned on classes or unknown objects: any call by this name may go anywhere.
    var anywhere: Set<String> = []
    /// Assigned by methods on their own instance, to something that may be a function.
    var onInstances: Set<String> = []
}

extension Program {
    /// Whether a module is imported that is neither of the standard library nor the script's own.
    func importsForeignModule() -> Bool {
        var isForeign = false
        forEachStatement { statement, _ in
            let modules: [String] =
                switch statement.kind {
                case .importModules(let names): names.map(\.name)
                case .importFrom(let module?, level: 0, _): [module]
                default: []
                }
            for module in modules {
                let top = String(module.prefix { $0 != "." })
                if !ImportedModules.writeNothing.contains(top), file(ofModule: top) == nil { isForeign = true }
            }
        }
        return isForeign
    }

    func findPatches() {
        forEachStatement { statement, scope in
            switch statement.kind {
            case .assign(let targets, let value): for target in targets { notePatch(target, value, scope) }
            case .annotated(let target, _, let value?): notePatch(target, value, scope)
            case .augmented(let target, _, _): notePatch(target, nil, scope)
            case .forLoop(let loop): notePatch(loop.target, nil, scope)
            case .with(let items, _, _):
                for item in items { if let target = item.target { notePatch(target, nil, scope) } }
            default: return
            }
        }
        forEachExpression { expression, scope in
            guard case .comprehension(_, _, _, let generators) = expression.kind else { return }
            for generator in generators { notePatch(generator.target, nil, scope) }
        }
    }

    private func notePatch(_ target: Expression, _ value: Expression?, _ scope: ScopeID) {
        switch target.kind {
        case .attribute(let base, let name):
            guard Methods.all.contains(name) || methods[name] != nil || Methods.random.contains(name) else { return }
            if let value, isData(value, scope) { return }
            if isOwnInstance(base, scope) { patches.onInstances.insert(name) } else { patches.anywhere.insert(name) }
        case .tuple(let items), .list(let items): for item in items { notePatch(item, nil, scope) }
        case .starred(let inner): notePatch(inner, nil, scope)
        default: return
        }
    }

    /// Surely nothing that can be called.
    private func isData(_ value: Expression, _ scope: ScopeID) -> Bool {
        switch value.kind {
        case .constant, .formatted, .list, .dict, .set, .tuple, .comprehension, .compare, .binary, .unary: return true
        case .boolean(_, let values): return values.allSatisfy { isData($0, scope) }
        case .conditional(_, let then, let otherwise): return isData(then, scope) && isData(otherwise, scope)
        case .call(let function, _, _):
            guard let path = dotted(function, scope), let knowledge = ModuleFunctions.knowledge(path) else {
                return false
            }
            switch knowledge {
            case .scalar, .fresh: return true
            default:
                return words("builtins.list builtins.dict builtins.set builtins.tuple collections.Counter").contains(
                    path)
            }
        default: return false
        }
    }

    /// `self` of a method.
    private func isOwnInstance(_ base: Expression, _ scope: ScopeID) -> Bool {
        let home = self.home(of: scope)
        guard let name = base.name, let parent = scopes[home].parent, scopes[parent].kind == .classBody,
            scopes[home].parameters?.positional.first == name, !takesClass(home), !isStatic(home)
        else { return false }
        let variable = Variable(scope: home, name: name)
        return resolve(name, in: scope) == variable && bindings[variable]?.count == 1
    }

    /// `__radd__ = __add__` and `get = lambda self: …` in a class body are methods too.
    func findMethodAliases() {
        for scope in scopes where scope.kind == .classBody {
            for name in scope.bound.sorted() {
                for binding in bindings[Variable(scope: scope.id, name: name)] ?? [] { noteAlias(name, binding, scope) }
            }
        }
    }

    private func noteAlias(_ name: String, _ binding: Binding, _ scope: Scope) {
        let isSpecial = Overloads.implicit.contains(name)
        if case .value(let value) = binding, case .call(let function, _, _) = value.kind,
            let path = dotted(function, scope.id), Self.descriptors.contains(path)
        {
            opaqueSpecials.append((scope.id, name, value.span.line))
        }
        guard isSpecial || Methods.all.contains(name) || methods[name] != nil else { return }
        switch binding {
        case .function, .lambda: return
        case .value(let value):
            if case .constant = value.kind, name != "__hash__" || value.isNone { return }
            if case .lambda = value.kind, let inner = scopeOfNode[value.id] {
                methods[name, default: []].append(inner)
                return
            }
            if let text = value.name, let variable = resolve(text, in: scope.id),
                case .function(let inner)? = definition(variable)?.binding
            {
                methods[name, default: []].append(inner)
                return
            }
            if !isSpecial, isData(value, scope.id) { return }
        default: break
        }
        patches.anywhere.insert(name)
        if isSpecial { opaqueSpecials.append((scope.id, name, scope.body.first?.span.line ?? 0)) }
    }

    private static let descriptors: Set<String> = [
        "builtins.property", "builtins.classmethod", "builtins.staticmethod", "functools.cached_property",
        "functools.partialmethod", "functools.singledispatchmethod",
    ]
}
