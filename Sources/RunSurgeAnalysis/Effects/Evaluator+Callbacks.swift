extension Evaluator {
    /// Calls the function arguments of a known function; gives what they may return.
    func functional(
        _ node: Expression, _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ given: Arguments,
        _ scope: ScopeID, receiver: Objects = []
    ) -> Objects {
        var functions: [Expression] = []
        let first = [
            "builtins.map", "builtins.filter", "functools.reduce", "functools.partial", "itertools.takewhile",
            "itertools.dropwhile", "itertools.filterfalse", "itertools.starmap", "collections.defaultdict",
            "functools.cmp_to_key",
        ]
        if first.contains(path), let function = arguments.first { functions.append(function) }
        let second = ["re.sub", "re.subn", "itertools.accumulate", "itertools.groupby"]
        if second.contains(path), arguments.count > 1 { functions.append(arguments[1]) }
        if [".sub", ".subn"].contains(path), let function = arguments.first { functions.append(function) }
        let names: Set<String> = [
            "key", "func", "function", "object_hook", "object_pairs_hook", "parse_float",
            "parse_int", "parse_constant", "cls", "repl", "default_factory",
        ]
        for keyword in keywords {
            if let name = keyword.name, names.contains(name) || (name == "default" && path.hasPrefix("json.")) {
                functions.append(keyword.value)
            }
        }
        var values = contents(given.all.union(receiver)).union(given.all)
        var result: Objects = []
        if keywords.contains(where: { $0.name == nil }), !program.scopes.isEmpty {
            if words("builtins.sorted builtins.min builtins.max").contains(path) || path == ".sort"
                || path.hasPrefix("json.")
            {
                hazard("unknown_call", "\(path) may be given a function by **")
            }
        }
        for function in functions {
            result.formUnion(apply(function, to: values, node: node, scope))
            values.formUnion(result)
        }
        return result
    }

    /// Calls a function value with any of `values` for every parameter.
    func apply(_ function: Expression, to values: Objects, node: Expression, _ scope: ScopeID) -> Objects {
        let given = Arguments(spread: values, hasSpread: true)
        switch function.kind {
        case .constant, .formatted, .binary: return []
        case .call where factory(function, scope) != nil:
            return values.union(readAnyAttribute(values, node: function.id))
        default: break
        }
        if isNoFunction(function, scope) { return [] }
        if let target = callable(function, scope) { return invokeCallable(target, function, given, scope) }
        if let path = dotted(function, scope) {
            if path == "builtins.type" { return classObjects() }
            if let knowledge = ModuleFunctions.knowledge(path) ?? builtinMethod(path) {
                return self.result(knowledge, function, receiver: values, given, called: [])
            }
            hazard("unknown_call", "\(path) is not known to be free of effects")
            return [.unknown]
        }
        if case .attribute(let base, let name) = function.kind, program.methods[name] == nil,
            let knowledge = Methods.knowledge(name)
        {
            return self.result(knowledge, function, receiver: evaluate(base, scope), given, called: [])
        }
        hazard("unknown_call", "\(describe(function)) is called and can't be resolved", variable: function.name)
        return [.unknown]
    }
}
