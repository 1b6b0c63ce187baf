extension Evaluator {
    /// Arguments of a call as objects.
    struct Arguments {
        var positional: [Objects] = []
        var named: [String: Objects] = [:]
        /// From `*x` and `**x`: may go to any parameter.
        var spread: Objects = []
        var hasSpread = false
        var all: Objects {
            var result = spread
            for objects in positional { result.formUnion(objects) }
            for objects in named.values { result.formUnion(objects) }
            return result
        }
    }

    func call(
        _ node: Expression, _ function: Expression, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) -> Objects {
        if case .name("print") = function.kind, variable("print", scope) == nil {
            return print(arguments, keywords, scope)
        }
        if let path = dotted(function, scope) {
            if let stream = standardStream(path) { return writeStream(stream, path, arguments, keywords, scope) }
            if program.ownModuleVariable(path) == nil {
                noteRoot(of: function, scope)
                return known(node, path, arguments, keywords, scope)
            }
        }
        if let target = callable(function, scope) {
            noteRoot(of: function, scope)
            return invokeCallable(target, node, evaluate(arguments, keywords, scope), scope)
        }
        if case .attribute(let base, let name) = function.kind {
            return method(node, base, name, arguments, keywords, scope)
        }
        if case .call = function.kind, let path = factory(function, scope) {
            // `itemgetter(1)(row)` and the like.
            _ = evaluate(function, scope)
            let given = evaluate(arguments, keywords, scope)
            if path.hasPrefix("operator.") {
                let read = readAnyAttribute(given.all, node: node.id)
                return fresh(node.id, holding: contents(given.all)).union(contents(given.all)).union(read)
            }
        }
        if let classes = constructedClasses(function, scope) {
            let given = evaluate(arguments, keywords, scope)
            return classes.reduce(into: []) {
                $0.formUnion(invokeCallable(.classDefinition($1.scope, $1.variable), node, given, scope))
            }
        }
        let objects = evaluate(function, scope)
        let given = evaluate(arguments, keywords, scope)
        escape(given.all.union(objects))
        hazard("unknown_call", "\(describe(function)) is called and can't be resolved", variable: function.name)
        return [.unknown]
    }

    func evaluate(_ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID) -> Arguments {
        var result = Arguments()
        for argument in arguments {
            if case .starred(let inner) = argument.kind {
                result.spread.formUnion(iterate(evaluate(inner, scope)))
                result.hasSpread = true
            } else {
                result.positional.append(evaluate(argument, scope))
            }
        }
        for keyword in keywords {
            let objects = evaluate(keyword.value, scope)
            if let name = keyword.name {
                result.named[name] = objects
            } else {
                result.spread.formUnion(elements(objects))
                result.hasSpread = true
            }
        }
        return result
    }

    /// The classes that `cls(…)`, `type(self)(…)` and `self.__class__(…)` may make an instance of.
    private func constructedClasses(_ function: Expression, _ scope: ScopeID) -> [(scope: ScopeID, variable: Variable)]?
    {
        let home = program.home(of: scope)
        guard let owner = program.scopes[home].parent, program.scopes[owner].kind == .classBody,
            let first = program.scopes[home].parameters?.positional.first
        else { return nil }
        func isFirst(_ expression: Expression) -> Bool {
            let variable = Variable(scope: home, name: first)
            return expression.name == first && self.variable(first, scope) == variable
                && program.bindings[variable]?.count == 1
        }
        let isOwn: Bool =
            switch function.kind {
            case .name: program.takesClass(home) && isFirst(function)
            case .attribute(let base, "__class__"): !program.takesClass(home) && isFirst(base)
            case .call(let type, let arguments, _):
                dotted(type, scope) == "builtins.type" && arguments.count == 1 && !program.takesClass(home)
                    && isFirst(arguments[0])
            default: false
            }
        guard isOwn else { return nil }
        return program.classVariables.sorted { ($0.scope, $0.name) < ($1.scope, $1.name) }.compactMap { variable in
            guard case .classDefinition(let inner)? = program.singleBinding(variable) else { return nil }
            return program.lineage(inner).contains(owner) ? (inner, variable) : nil
        }
    }

    /// `operator.itemgetter` for the call `itemgetter(1)`.
    func factory(_ expression: Expression, _ scope: ScopeID) -> String? {
        guard case .call(let function, _, _) = expression.kind, let path = dotted(function, scope) else { return nil }
        return ["operator.itemgetter", "operator.attrgetter", "functools.cmp_to_key"].contains(path) ? path : nil
    }

    func describe(_ expression: Expression) -> String {
        switch expression.kind {
        case .name(let name): name
        case .attribute(let base, let name): "\(describe(base)).\(name)"
        case .call(let function, _, _): "\(describe(function))(…)"
        case .item(let base, _): "\(describe(base))[…]"
        default: "an expression"
        }
    }

    /// Unknown code has seen these objects: it may keep them and give them back.
    func escape(_ objects: Objects) {
        let all = reach(objects)
        store(all, into: [.unknown])
        mutate(all.filter { $0 != .unknown })
    }
}
