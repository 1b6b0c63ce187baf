extension Evaluator {
    func method(
        _ node: Expression, _ base: Expression, _ name: String, _ arguments: [Expression], _ keywords: [Keyword],
        _ scope: ScopeID
    ) -> Objects {
        let receiver = evaluate(base, scope)
        let given = evaluate(arguments, keywords, scope)
        let own = program.methods[name] ?? []
        var result: Objects = []
        let isLiteral: Bool =
            switch base.kind {
            case .constant, .formatted: true
            default: false
            }
        let instances = self.instances(receiver)
        // Nothing is known of an empty set: it may stand for a class.
        if !isLiteral, !own.isEmpty, receiver.isEmpty || !instances.isEmpty {
            result.formUnion(invoke(own, receiver: instances, given, node: node.id))
        }
        if receiver.contains(.unknown) {
            hazard("unknown_object", "a method of an object of unknown origin is called: \(describe(base)).\(name)()")
        }
        notePatched(name, receiver, base, scope)
        if Methods.random.contains(name), own.isEmpty, !(name == "seed" && arguments.isEmpty) {
            // A generator that the loop made itself, seeded, draws the same anywhere; any other is changed.
            inspect(receiver)
            mutate(receiver)
            if name == "shuffle" { mutate(given.all) }
            return fresh(node.id, holding: contents(given.all)).union(contents(given.all))
        }
        if let knowledge = Methods.knowledge(name) {
            if case .writes = knowledge {
                write(receiver, via: name)
                return result
            }
            inspect(receiver)
            let called = functional(node, ".\(name)", arguments, keywords, given, scope, receiver: receiver)
            result.formUnion(self.result(knowledge, node, receiver: receiver, given, called: called))
            _ = iterate(given.all)
            // A view stays tied to what it is a view of.
            if ["items", "keys", "values"].contains(name) { store(receiver, into: [.site(node.id)]) }
            return result
        }
        if own.isEmpty || (!receiver.isEmpty && instances.isEmpty), !(isSuper(base, scope)) {
            escape(given.all.union(receiver))
            hazard(
                "unknown_call", "\(describe(base)).\(name)() is not known to be free of effects", variable: base.name)
            return [.unknown]
        }
        return result
    }

    /// A method name says nothing when an attribute of that name may hold another function, or when the receiver
    /// may be a module.
    func notePatched(_ name: String, _ receiver: Objects, _ base: Expression, _ scope: ScopeID) {
        let isInstance = receiver.contains {
            if case .site(let site) = $0 { summaries.isInstance(site) } else { false }
        }
        if program.patches.anywhere.contains(name) || (isInstance && program.patches.onInstances.contains(name)) {
            hazard("patched", "an attribute named \(name) is assigned somewhere, so .\(name)() may be anything")
        }
        if let text = base.name, let variable = variable(text, scope), program.mayBeModule(variable) {
            hazard("unknown_call", "\(text) may be one of several modules", variable: text)
        }
    }

    func isSuper(_ base: Expression, _ scope: ScopeID) -> Bool {
        if case .call(let function, _, _) = base.kind, function.name == "super" {
            return variable("super", scope) == nil
        }
        return false
    }

    /// What `super()` stands for: the first parameter of the method around.
    func selfObjects(_ scope: ScopeID) -> Objects {
        guard let name = program.scopes[program.home(of: scope)].parameters?.positional.first,
            let variable = variable(name, scope)
        else { return [.unknown] }
        return lookup(variable)
    }
}
