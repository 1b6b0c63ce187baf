extension Evaluator {
    enum Callable {
        case function(ScopeID, Variable)
        case classDefinition(ScopeID, Variable)
        case lambda(ScopeID)
    }

    /// The definition a call goes to, when there is only one possible.
    func callable(_ function: Expression, _ scope: ScopeID) -> Callable? {
        if case .lambda = function.kind { return program.scopeOfNode[function.id].map { .lambda($0) } }
        var variable = function.name.flatMap { self.variable($0, scope) }
        if variable == nil, let path = dotted(function, scope) { variable = program.ownModuleVariable(path) }
        guard let variable, let definition = program.definition(variable) else { return nil }
        switch definition.binding {
        case .function(let inner): return .function(inner, definition.variable)
        case .classDefinition(let inner): return .classDefinition(inner, definition.variable)
        case .value(let value):
            guard case .lambda = value.kind else { return nil }
            return program.scopeOfNode[value.id].map { .function($0, definition.variable) }
        default: return nil
        }
    }

    func invokeCallable(_ target: Callable, _ node: Expression, _ given: Arguments, _ scope: ScopeID) -> Objects {
        switch target {
        case .lambda(let inner): return instantiate(inner, given, node: node.id)
        case .function(let inner, let variable):
            noteModule(of: variable)
            _ = lookup(variable)
            let result = instantiate(inner, given, node: node.id)
            // A cached result is one object for all callers.
            return program.isCached(inner) && !result.isEmpty ? result.union([.content(variable)]) : result
        case .classDefinition(let inner, let variable):
            noteModule(of: variable)
            _ = lookup(variable)
            return construct(inner, variable, given, node: node.id)
        }
    }

    /// As unknown code would call it, at any time: only what it leaves in variables and objects counts, and what it
    /// gives, which unknown code may pass on.
    func callWithAnything(_ function: ScopeID) {
        let before = (effects, inlined)
        inlined = []
        let given = Arguments(spread: [.unknown], hasSpread: true)
        let returned = instantiate(function, given, node: program.scopes[function].node)
        (effects, inlined) = before
        store(returned.subtracting([.unknown]), into: [.unknown])
    }

    private func construct(_ definition: ScopeID, _ variable: Variable, _ given: Arguments, node: NodeID) -> Objects {
        let made = fresh(node)
        summaries.noteInstance(node)
        // Class attributes are reached through the instance.
        if program.hasMutableClassState(definition) { store([.content(variable)], into: made) }
        if let reason = program.opaqueClass(definition) {
            escape(given.all)
            hazard("unknown_class", reason, variable: variable.name)
            return [.unknown]
        }
        store(given.all, into: made)
        for inner in program.lineage(definition) {
            for name in ["__init__", "__new__", "__post_init__"] {
                if let method = program.method(name, of: inner) { invoke([method], receiver: made, given, node: node) }
            }
        }
        return made
    }

    /// The objects that may have methods of script classes.
    func instances(_ objects: Objects) -> Objects {
        objects.filter { if case .site(let site) = $0 { summaries.isInstance(site) } else { true } }
    }

    @discardableResult
    func joinMethods(_ name: String, receiver: Objects, node: NodeID) -> Objects {
        guard let own = program.methods[name] else { return [] }
        let receiver = instances(receiver)
        return receiver.isEmpty ? [] : invoke(own, receiver: receiver, Arguments(), node: node)
    }

    @discardableResult
    func invoke(_ methods: [ScopeID], receiver: Objects, _ values: [Objects], node: NodeID) -> Objects {
        invoke(methods, receiver: receiver, Arguments(positional: values), node: node)
    }

    @discardableResult
    func invoke(_ methods: [ScopeID], receiver: Objects, _ given: Arguments, node: NodeID) -> Objects {
        var result: Objects = []
        for method in methods {
            var arguments = given
            if !program.isStatic(method) {
                let first = program.takesClass(method) ? receiver.union(classObjects()) : receiver
                arguments.positional.insert(first, at: 0)
            }
            result.formUnion(instantiate(method, arguments, node: node))
            if program.isCached(method) { hazard("cached_method", "a cached method keeps its arguments") }
        }
        return result
    }

    /// The effects of one call of `function`, in terms of the caller's objects.
    private func instantiate(_ function: ScopeID, _ given: Arguments, node: NodeID) -> Objects {
        let scope = program.scopes[function]
        if let reason = program.opaqueFunction(function) {
            escape(given.all)
            hazard("unknown_call", reason)
            return [.unknown]
        }
        if program.scopes[function].kind == .lambda, ownedScopes.contains(function) {
            return inline(function, given)
        }
        let arguments = assignArguments(scope, given, node: node)
        record(function, arguments)
        guard let summary = summary(function) else { return [] }
        if summaries.isExhausted { return [] }
        summaries.spend(summary.heap.count)
        var cache: [AbstractObject: Objects] = [:]
        func translate(_ object: AbstractObject) -> Objects {
            if let known = cache[object] { return known }
            let result = substitute(object, function, arguments, node: node)
            cache[object] = result
            return result
        }
        func translate(_ objects: Objects) -> Objects {
            objects.reduce(into: []) { $0.formUnion(translate($1)) }
        }
        for variable in summary.reads {
            effects.indirectReads.insert(variable)
            if !owns(variable) { effects.reads.insert(variable) }
        }
        effects.indirectReads.formUnion(summary.indirectReads)
        effects.streams.formUnion(summary.streams)
        inspect(translate(summary.inspections))
        effects.modules.formUnion(summary.modules)
        for (container, values) in summary.heap { store(translate(values), into: translate(container)) }
        for object in summary.mutations.keys { mutate(translate(object)) }
        for (object, methods) in summary.writes { for via in methods { write(translate(object), via: via) } }
        for (variable, values) in summary.binds {
            if !owns(variable) {
                hazard("global_write", "\(scope.name)() assigns \(variable.name)", variable: variable.name)
            }
            assign(variable, translate(values))
        }
        for hazard in summary.hazards {
            effects.hazards.insert(
                Hazard(code: hazard.code, line: line, message: through(scope.name, hazard), variable: hazard.variable))
        }
        if program.isCached(function), summary.printsOrWrites || !summary.mutations.isEmpty {
            hazard("cached_effects", "\(scope.name)() is cached and has effects")
        }
        if program.isCached(function), let unstable = summary.allReads.first(where: { !program.isStable($0) }) {
            hazard(
                "cached_effects", "\(scope.name)() is cached and reads \(unstable.name), which may change",
                variable: unstable.name)
        }
        let returned = translate(summary.returns)
        for site in summary.rooted {
            for case .site(let made) in translate(.site(site)) { effects.rooted.insert(made) }
        }
        return scope.isGenerator ? rootedObject(node, holding: reach(returned)) : returned
    }

    private func through(_ name: String, _ hazard: Hazard) -> String {
        // One level of blame is enough: deeper ones would make messages differ without end in recursion.
        hazard.message.contains(" (in ") ? hazard.message : "\(hazard.message) (in \(name)(), line \(hazard.line))"
    }

    /// A lambda of this code itself is run in place, once a pass for the same arguments; where it calls itself, it
    /// gives what it was seen to give.
    private func inline(_ function: ScopeID, _ given: Arguments) -> Objects {
        let scope = program.scopes[function]
        var isNew = inlined.insert(function).inserted
        for (name, objects) in assignArguments(scope, given, node: scope.node) {
            let parameter = Variable(scope: function, name: name)
            isNew = isNew || !objects.isSubset(of: points[parameter] ?? [])
            assign(parameter, objects)
        }
        guard let value = scope.value, isNew, inlining.insert(function).inserted else {
            return lambdaResults[function] ?? []
        }
        defer { inlining.remove(function) }
        let result = evaluate(value, function)
        let known = lambdaResults[function] ?? []
        if !result.isSubset(of: known) {
            lambdaResults[function] = known.union(result)
            changed = true
        }
        return known.union(result)
    }

    private func assignArguments(_ scope: Scope, _ given: Arguments, node: NodeID) -> [String: Objects] {
        guard let parameters = scope.parameters else { return [:] }
        var result: [String: Objects] = [:]
        var defaults = Set(parameters.positional.suffix(parameters.defaults.count))
        for (name, value) in zip(parameters.keywordOnly, parameters.keywordDefaults) where value != nil {
            defaults.insert(name)
        }
        for (position, name) in parameters.positional.enumerated() where position < given.positional.count {
            result[name] = given.positional[position]
        }
        for name in parameters.positional + parameters.keywordOnly {
            if let objects = given.named[name] { result[name, default: []].formUnion(objects) }
            if given.hasSpread { result[name, default: []].formUnion(given.spread) }
            if defaults.contains(name), result[name] == nil || given.hasSpread {
                result[name, default: []].formUnion(defaultObjects(scope, name))
            }
        }
        if let rest = parameters.variadic {
            var extra = given.spread
            for objects in given.positional.dropFirst(parameters.positional.count) { extra.formUnion(objects) }
            result[rest] = fresh(node, holding: extra)
        }
        if let rest = parameters.keywordVariadic {
            var extra = given.spread
            for objects in given.named.values { extra.formUnion(objects) }
            result[rest] = fresh(node, holding: extra)
        }
        return result
    }

    /// A default value is made once and shared by all calls.
    private func defaultObjects(_ scope: Scope, _ name: String) -> Objects {
        guard let parameters = scope.parameters else { return [] }
        let values =
            Array(
                zip(parameters.positional.suffix(parameters.defaults.count), parameters.defaults.map { Optional($0) }))
            + Array(zip(parameters.keywordOnly, parameters.keywordDefaults))
        if let value = values.first(where: { $0.0 == name })?.1 {
            switch value.kind {
            case .constant: return []
            case .unary(_, let inner): if case .constant = inner.kind { return [] }
            case .tuple(let items) where items.isEmpty: return []
            default: break
            }
        }
        return [.content(Variable(scope: scope.parent ?? 0, name: scope.name))]
    }

    private func record(_ function: ScopeID, _ arguments: [String: Objects]) {
        var record = calls[function] ?? CallRecord()
        for (name, objects) in arguments {
            record.own[name, default: []].formUnion(objects)
            record.reached[name, default: []].formUnion(reach(objects))
        }
        calls[function] = record
    }

    private func substitute(
        _ object: AbstractObject, _ function: ScopeID, _ arguments: [String: Objects], node: NodeID
    ) -> Objects {
        switch object {
        case .root(let variable):
            if variable.scope == function { return arguments[variable.name] ?? [] }
            return owns(variable) ? points[variable] ?? [] : [object]
        case .content(let variable):
            if variable.scope == function { return contents(arguments[variable.name] ?? []) }
            return owns(variable) ? contents(points[variable] ?? []).union([object]) : [object]
        case .site(let site): return [.site(summaries.clone(site, at: node))]
        case .record, .recordContent, .unknown: return [object]
        }
    }
}
