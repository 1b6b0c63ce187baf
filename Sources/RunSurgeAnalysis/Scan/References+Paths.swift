extension References {
    /// Dots of a full name; `x = x.parent` would never end.
    private static let mostParts = 8
    private static let getters: Set<String> = [
        "builtins.getattr", "inspect.getattr_static", "builtins.object.__getattribute__",
    ]
    private static let importers: Set<String> = [
        "builtins.__import__", "importlib.import_module", "importlib.__import__",
    ]
    /// What these give is what they are given, or has it.
    private static let keepers: Set<String> = [
        "functools.partial", "builtins.staticmethod", "builtins.classmethod", "builtins.next", "builtins.iter",
        "builtins.list", "builtins.tuple", "builtins.dict", "builtins.set", "builtins.sorted", "builtins.reversed",
        "builtins.zip", "builtins.enumerate", "builtins.map", "builtins.filter", "copy.copy",
    ]
    private static let finders: Set<String> = ["operator.attrgetter", "operator.methodcaller", "operator.itemgetter"]
    private static let tables: Set<String> = ["builtins.globals", "builtins.locals", "builtins.vars", "sys.modules"]
    private static let followed = getters.union(importers).union(keepers).union(finders).union(tables).union([
        "builtins.object"
    ])

    /// Names that mean something here, whatever the rules are.
    private static func isFollowed(_ path: String) -> Bool {
        followed.contains(path) || finders.contains { path.hasPrefix($0 + ".") }
    }

    /// What is looked up in these is a name of the script.
    private static let nameTables = ["builtins.globals.", "builtins.locals.", "builtins.vars."]

    /// The full names that the expression may stand for; none when it is nothing foreign.
    func paths(_ expression: Expression, _ scope: ScopeID) -> Set<String> {
        switch expression.kind {
        case .name(let name): return named(name, scope)
        case .attribute(let base, let name):
            return (program.properties[name] ?? []).reduce(
                into: member(base, [name], scope).union(attributes[name] ?? [])
            ) { $0.formUnion(results[$1] ?? []) }
        case .item(let base, let key): return paths(base, scope).union(member(base, names(key, scope), scope))
        case .call(let function, let arguments, let keywords):
            return call(function, arguments + keywords.map(\.value), scope)
        case .conditional(_, let then, let otherwise): return paths(then, scope).union(paths(otherwise, scope))
        case .named(_, let value), .starred(let value), .await(let value): return paths(value, scope)
        case .boolean(_, let values), .list(let values), .tuple(let values), .set(let values), .dict(_, let values):
            return values.reduce(into: []) { $0.formUnion(paths($1, scope)) }
        case .comprehension(_, let element, let value, _):
            return paths(value ?? element, program.scopeOfNode[expression.id] ?? scope)
        case .binary(let left, _, let right): return paths(left, scope).union(paths(right, scope))
        default: return []
        }
    }

    /// Names that the expression takes a part of something by, whatever it is a part of.
    func memberNames(_ expression: Expression, _ scope: ScopeID) -> Set<String> {
        switch expression.kind {
        case .attribute(_, let name): [name]
        case .item(_, let key): names(key, scope)
        case .call(let function, let arguments, _) where arguments.count > 1:
            paths(function, scope).isDisjoint(with: Self.getters) ? [] : names(arguments[1], scope)
        default: []
        }
    }

    private func named(_ name: String, _ scope: ScopeID) -> Set<String> {
        if let variable = program.resolve(name, in: scope) {
            return (variables[variable] ?? []).reduce(into: []) { $0.formUnion(canonical($1)) }
        }
        var found: Set<String> = ["__builtins__", "__builtin__"].contains(name) ? ["builtins"] : ["builtins.\(name)"]
        for star in program.starImports where star.file == program.scopes[scope].file {
            found.formUnion(canonical("\(star.module).\(name)"))
        }
        return found
    }

    /// Constant texts that the expression may be, and a mark when it may be another.
    private func names(_ expression: Expression, _ scope: ScopeID) -> Set<String> {
        let known = Set(folder.strings(expression, scope))
        return folder.isConstant(expression, scope) ? known : known.union([RuleIndex.computed])
    }

    private func member(_ base: Expression, _ names: Set<String>, _ scope: ScopeID) -> Set<String> {
        var found: Set<String> = []
        for path in paths(base, scope) {
            for name in names { found.formUnion(canonical(name == "__dict__" ? path : "\(path).\(name)")) }
        }
        return found
    }

    /// One name for what has several; what the script's own modules stand for in place of their names.
    private func canonical(_ path: String) -> Set<String> {
        guard path.utf8.count(where: { $0 == UInt8(ascii: ".") }) < Self.mostParts else { return [] }
        if path.hasPrefix("sys.modules.") { return [String(path.dropFirst("sys.modules.".count))] }
        for table in Self.nameTables where path.hasPrefix(table) && !path.hasSuffix(RuleIndex.computed) {
            let name = String(path.dropFirst(table.count))
            if name == "__builtins__" { return ["builtins"] }
            return program.moduleScopes.reduce(into: []) {
                $0.formUnion(variables[Variable(scope: $1, name: name)] ?? [])
            }
        }
        if let variable = program.ownModuleVariable(path) { return variables[variable] ?? [] }
        guard let dot = path.lastIndex(of: "."), program.file(ofModule: path) == nil else { return [path] }
        // What one of the script's own modules does not have is nothing.
        guard program.file(ofModule: String(path[..<dot])) == nil else { return [] }
        return Self.isFollowed(path) || index.mayLeadTo(path) ? [path] : []
    }

    // MARK: calls

    private func call(_ function: Expression, _ arguments: [Expression], _ scope: ScopeID) -> Set<String> {
        var found = ownResults(of: function, scope)
        if case .attribute(let base, let name) = function.kind, let first = arguments.first {
            switch name {
            case "get", "pop", "setdefault", "__getitem__", "__getattribute__", "__getattr__":
                found.formUnion(member(base, names(first, scope), scope))
            default: break
            }
        }
        for path in paths(function, scope) { found.formUnion(result(of: path, function, arguments, scope)) }
        return found
    }

    private func result(
        of path: String, _ function: Expression, _ arguments: [Expression], _ scope: ScopeID
    ) -> Set<String> {
        switch path {
        case _ where Self.getters.contains(path):
            guard arguments.count > 1 else { return [] }
            return arguments.dropFirst(2).reduce(into: member(arguments[0], names(arguments[1], scope), scope)) {
                $0.formUnion(paths($1, scope))
            }
        case _ where Self.importers.contains(path):
            guard let first = arguments.first else { return [] }
            // `__import__("a.b")` gives a, `import_module` gives a.b.
            return names(first, scope).subtracting([RuleIndex.computed]).reduce(into: []) {
                $0.formUnion([$1, String($1.prefix { $0 != "." })])
            }
        case _ where Self.finders.contains(path):
            // Until it is called with what to look in, it is the name alone.
            return arguments.first.map { Set(names($0, scope).map { "\(path).\($0)" }) } ?? []
        case "builtins.globals", "builtins.locals", "builtins.vars":
            guard let first = arguments.first else { return [path] }
            return paths(first, scope)
        case _ where Self.keepers.contains(path):
            return arguments.reduce(into: []) { $0.formUnion(paths($1, scope)) }
        default: return getter(path, arguments, scope)
        }
    }

    /// What `attrgetter("name")` finds when it is called.
    private func getter(_ path: String, _ arguments: [Expression], _ scope: ScopeID) -> Set<String> {
        let parts = path.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, Self.isFollowed(path), let first = arguments.first else { return [] }
        return member(first, [String(parts[2])], scope)
    }

    /// What a function or method of the script's own gives back.
    private func ownResults(of function: Expression, _ scope: ScopeID) -> Set<String> {
        var callees: [ScopeID] = []
        switch function.kind {
        case .name(let name):
            guard let variable = program.resolve(name, in: scope) else { return [] }
            callees = (program.bindings[variable] ?? []).compactMap(callee)
        case .attribute(_, let name): callees = program.methods[name] ?? []
        case .lambda: callees = [program.scopeOfNode[function.id]].compactMap { $0 }
        default: return []
        }
        return callees.reduce(into: []) { $0.formUnion(results[$1] ?? []) }
    }

    private func callee(_ binding: Binding) -> ScopeID? {
        switch binding {
        case .function(let scope), .lambda(let scope): scope
        case .value(let value): program.scopeOfNode[value.id]
        default: nil
        }
    }
}
