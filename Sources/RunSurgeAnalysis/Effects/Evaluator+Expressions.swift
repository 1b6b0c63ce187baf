extension Evaluator {
    /// What an expression may evaluate to; immutable values without parts are no objects.
    func evaluate(_ expression: Expression, _ scope: ScopeID) -> Objects {
        if let site = accepted[expression.id] {
            for inner in site.expressions {
                stored[site.variable, default: []].formUnion(reach(evaluate(inner, scope)))
            }
            return []
        }
        switch expression.kind {
        case .name(let name): return evaluateName(name, scope)
        case .constant, .unknown("Interpolation"): return []
        case .attribute(let base, let name): return attribute(expression, base, name, scope)
        case .item(let base, let key):
            _ = evaluate(key, scope)
            let holder = evaluate(base, scope)
            noteMissing(holder, key, scope)
            inspect(holder)
            let methods = joinMethods("__getitem__", receiver: holder, node: expression.id)
            if case .slice = key.kind {
                return fresh(expression.id, holding: elements(holder)).union(elements(holder)).union(methods)
            }
            return elements(holder).union(methods)
        case .slice(let lower, let upper, let step):
            for part in [lower, upper, step] { if let part { _ = evaluate(part, scope) } }
            return []
        case .call(let function, let arguments, let keywords):
            return call(expression, function, arguments, keywords, scope)
        case .binary(let left, let op, let right): return binary(expression, left, op, right, scope)
        case .unary(let op, let value):
            let objects = evaluate(value, scope)
            return op == "Not" || !program.hasOverloads ? [] : reach(objects)
        case .boolean(_, let values): return values.reduce(into: []) { $0.formUnion(evaluate($1, scope)) }
        case .compare(let left, let ops, let others): return compare(left, ops, others, scope)
        case .conditional(let test, let then, let otherwise):
            _ = evaluate(test, scope)
            return evaluate(then, scope).union(evaluate(otherwise, scope))
        case .lambda: return lambda(expression, scope)
        case .list(let items), .tuple(let items), .set(let items):
            let held: Objects = items.reduce(into: []) { result, item in
                if case .starred(let inner) = item.kind {
                    result.formUnion(iterate(evaluate(inner, scope)))
                } else {
                    result.formUnion(evaluate(item, scope))
                }
            }
            return fresh(expression.id, holding: held)
        case .dict(let keys, let values):
            var held: Objects = []
            for (key, value) in zip(keys, values) {
                if let key {
                    held.formUnion(evaluate(key, scope).union(evaluate(value, scope)))
                } else {
                    held.formUnion(elements(evaluate(value, scope)))
                }
            }
            return fresh(expression.id, holding: held)
        case .comprehension(let kind, let element, let value, let generators):
            return comprehension(expression, kind, element, value, generators, scope)
        case .starred(let inner): return iterate(evaluate(inner, scope))
        case .named(let target, let value):
            let objects = evaluate(value, scope)
            var home = scope
            while program.scopes[home].kind == .comprehension, let parent = program.scopes[home].parent {
                home = parent
            }
            bind(target, to: objects, home)
            return objects
        case .formatted(let values):
            for value in values { _ = evaluate(value, scope) }
            return []
        case .formattedValue(let value, _, let format):
            _ = evaluate(value, scope)
            if let format { _ = evaluate(format, scope) }
            return []
        case .yield(let value):
            if let value { effects.returns.formUnion(fresh(expression.id, holding: reach(evaluate(value, scope)))) }
            return [.unknown]
        case .await(let value):
            _ = evaluate(value, scope)
            hazard("async", "async code")
            return [.unknown]
        case .unknown(let kind):
            hazard("unknown_syntax", "\(kind) is not understood")
            return [.unknown]
        }
    }

    private func evaluateName(_ name: String, _ scope: ScopeID) -> Objects {
        if let variable = variable(name, scope) { return lookup(variable) }
        if BuiltinFunctions.knowledge(name) == nil, !BuiltinFunctions.constants.contains(name), !program.isBuiltin(name)
        {
            hazard("unknown_name", "\(name) is not defined in the script", variable: name)
        }
        return []
    }

    private func attribute(_ expression: Expression, _ base: Expression, _ name: String, _ scope: ScopeID) -> Objects {
        if let path = dotted(expression, scope) {
            noteRoot(of: expression, scope)
            if let objects = ownModuleAttribute(path) { return objects }
            if path == "sys.stdout" || path == "sys.stderr" || path == "sys.stdin" {
                hazard("stream_object", "\(path) is used as an object")
                return [.unknown]
            }
            if ModuleFunctions.isStableAttribute(path) || ModuleFunctions.knowledge(path) == .scalar { return [] }
            if case .refused(let code, let reason)? = ModuleFunctions.knowledge(path) {
                hazard(code, reason)
            } else if ModuleFunctions.knowledge(path) == nil, !path.hasPrefix("builtins.") {
                hazard("module_state", "\(path) of a module is read, which may be another in another process")
            }
            return [.unknown]
        }
        let holder = evaluate(base, scope)
        inspect(holder)
        if name == "__class__" { return classObjects() }
        if let properties = program.properties[name] {
            var result = elements(holder)
            for property in properties {
                result.formUnion(invoke([property], receiver: holder, [], node: expression.id))
            }
            // Reading a cached property changes the object.
            if properties.contains(where: program.isCachedProperty) { mutate(holder) }
            return result
        }
        return elements(holder).union(joinMethods("__getattr__", receiver: holder, node: expression.id))
    }

    /// The classes of the program as objects.
    func classObjects() -> Objects { Set(program.classVariables.map { .root($0) }) }

    /// Reads an attribute of any name.
    func readAnyAttribute(_ receiver: Objects, node: NodeID) -> Objects {
        var result: Objects = []
        for properties in program.properties.values {
            result.formUnion(invoke(properties, receiver: receiver, [], node: node))
            if properties.contains(where: program.isCachedProperty) { mutate(receiver) }
        }
        return result.union(joinMethods("__getattr__", receiver: receiver, node: node))
    }

    /// Reading a missing key of a defaultdict inserts it.
    private func noteMissing(_ holder: Objects, _ key: Expression, _ scope: ScopeID) {
        for object in holder {
            guard case .root(let variable) = object, program.isDefaultDict(variable) else { continue }
            if let knownKey, knownKey.dictionary == variable, let name = key.name,
                self.variable(name, scope) == knownKey.key
            {
                continue
            }
            if effects.mutations[object] == nil { effects.mutations[object] = line }
        }
    }

    private func binary(
        _ expression: Expression, _ left: Expression, _ op: String, _ right: Expression, _ scope: ScopeID
    ) -> Objects {
        let a = evaluate(left, scope)
        let b = evaluate(right, scope)
        if program.hasOverloads {
            let both = reach(a).union(reach(b))
            summaries.noteInstance(expression.id)
            return both.isEmpty ? [] : fresh(expression.id, holding: both).union(both)
        }
        if a.isEmpty && b.isEmpty { return [] }
        // Nothing but numbers and text is left when one side is one: only repetition keeps the other side's parts.
        if a.isEmpty || b.isEmpty, op != "Mult" { return [] }
        return fresh(expression.id, holding: elements(a).union(elements(b)))
    }

    private func compare(_ left: Expression, _ ops: [String], _ others: [Expression], _ scope: ScopeID) -> Objects {
        var objects = evaluate(left, scope)
        var previous = left
        for (op, other) in zip(ops, others) {
            let value = evaluate(other, scope)
            if op == "In" || op == "NotIn" { _ = iterate(value) }
            if op == "Is" || op == "IsNot", !program.isProcessIndependentIdentity(previous, other, in: scope) {
                hazard("identity", "the identity of objects is compared")
            }
            objects.formUnion(value)
            previous = other
        }
        return program.hasOverloads ? reach(objects) : []
    }

    private func lambda(_ expression: Expression, _ scope: ScopeID) -> Objects {
        guard case .lambda(let parameters, let body) = expression.kind else { return [] }
        var held: Objects = []
        for value in parameters.defaultExpressions { held.formUnion(evaluate(value, scope)) }
        if let inner = program.scopeOfNode[expression.id] {
            noteCaptures(of: inner)
            // It may be called whenever: what it leaves in objects counts from here on.
            if ownedScopes.contains(inner) {
                let before = (effects, inlined)
                inlined = []
                _ = evaluate(body, inner)
                (effects, inlined) = before
            }
        }
        return rootedObject(expression.id, holding: held)
    }

    private func comprehension(
        _ expression: Expression, _ kind: Expression.ComprehensionKind, _ element: Expression, _ value: Expression?,
        _ generators: [Generator], _ scope: ScopeID
    ) -> Objects {
        guard let inner = program.scopeOfNode[expression.id] else { return [.unknown] }
        for (position, generator) in generators.enumerated() {
            if generator.isAsync { hazard("async", "async code") }
            let items = iterate(evaluate(generator.iterable, position == 0 ? scope : inner))
            bind(generator.target, to: items, inner)
            for condition in generator.conditions { _ = evaluate(condition, inner) }
        }
        var held = evaluate(element, inner)
        if let value { held.formUnion(evaluate(value, inner)) }
        return kind == .generator ? rootedObject(expression.id, holding: held) : fresh(expression.id, holding: held)
    }

    // MARK: modules

    func dotted(_ expression: Expression, _ scope: ScopeID) -> String? { program.dotted(expression, scope) }

    /// The name at the root of a dotted path is read.
    func noteRoot(of expression: Expression, _ scope: ScopeID) {
        var current = expression
        while case .attribute(let base, _) = current.kind { current = base }
        if case .name(let name) = current.kind, let variable = variable(name, scope) { _ = lookup(variable) }
    }

    private func ownModuleAttribute(_ path: String) -> Objects? {
        guard let variable = program.ownModuleVariable(path) else { return nil }
        noteModule(of: variable)
        return lookup(variable)
    }

    func noteModule(of variable: Variable) {
        let file = program.scopes[variable.scope].file
        if let module = program.export.files[file].module { effects.modules.insert(module) }
    }
}
