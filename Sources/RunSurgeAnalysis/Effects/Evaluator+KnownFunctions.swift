extension Evaluator {
    func known(
        _ node: Expression, _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) -> Objects {
        let given = evaluate(arguments, keywords, scope)
        if path == "builtins.super" || path == "builtins.object" {
            return path.hasSuffix("super") ? selfObjects(scope) : fresh(node.id)
        }
        if path == "builtins.type", arguments.count == 1 { return classObjects() }
        if ["builtins.getattr", "builtins.hasattr", "dataclasses.asdict", "dataclasses.astuple"].contains(path) {
            let read = readAnyAttribute(given.positional.first ?? given.spread, node: node.id)
            if path == "builtins.getattr" { return read.union(contents(given.all)).union(given.all) }
        }
        if ["copy.copy", "copy.deepcopy", "dataclasses.replace"].contains(path) { summaries.noteInstance(node.id) }
        if path == "random.Random", arguments.count == 1 { return fresh(node.id) }
        if path == "builtins.iter", arguments.count == 1 { return iterator(node, given.all) }
        if let objects = writingFunction(path, given) { return objects }
        guard let knowledge = ModuleFunctions.knowledge(path) ?? builtinMethod(path) else {
            escape(given.all)
            hazard("unknown_call", "\(path) is not known to be free of effects")
            return [.unknown]
        }
        let isOrdering = path == "builtins.iter" && arguments.count == 2
        if isOrdering { hazard("unknown_call", "iter() with a sentinel calls its argument") }
        if path == "builtins.type" && arguments.count == 3 { hazard("dynamic_code", "type() makes a class") }
        let called = functional(node, path, arguments, keywords, given, scope)
        _ = iterate(given.all)
        let eager = words("list tuple set frozenset sorted dict Counter deque OrderedDict")
        if eager.contains(String(path.split(separator: ".").last ?? "")),
            keywords.allSatisfy({ $0.name == "key" || $0.name == "reverse" })
        {
            // A copy holds what the original holds, not the original.
            return fresh(node.id, holding: elements(given.all).union(called))
        }
        if let taken = takenElements(path, given) { return taken.union(called) }
        return result(knowledge, node, receiver: given.positional.first ?? given.spread, given, called: called)
    }

    /// What functions give that take elements out of their first argument, which is then left behind.
    func takenElements(_ path: String, _ given: Arguments) -> Objects? {
        guard let first = given.positional.first, !given.hasSpread else { return nil }
        let rest = given.positional.dropFirst().reduce(into: Objects()) { $0.formUnion($1) }
        switch path {
        case "builtins.sum", "builtins.any", "builtins.all": return contents(first).union(rest)
        case "builtins.min" where rest.isEmpty && given.positional.count == 1,
            "builtins.max" where rest.isEmpty && given.positional.count == 1:
            return contents(first).union(given.named["default"] ?? [])
        case "builtins.next":
            mutate(first)
            return contents(first).union(rest)
        default: return nil
        }
    }

    /// `str.lower(x)`, `dict.get(d, k)`: the method with its receiver first.
    func builtinMethod(_ path: String) -> CallKnowledge? {
        guard path.hasPrefix("builtins."), let name = path.split(separator: ".").last,
            path.split(separator: ".").count == 3
        else { return nil }
        return Methods.knowledge(String(name))
    }

    /// Functions that write to a handle or stream they are given.
    func writingFunction(_ path: String, _ given: Arguments) -> Objects? {
        switch path {
        case "json.dump":
            guard let handle = given.positional.dropFirst().first ?? given.named["fp"], given.named["default"] == nil,
                given.named["cls"] == nil, !given.hasSpread
            else { return nil }
            write(handle, via: "write")
            return []
        case "pprint.pprint", "pprint.pp":
            guard given.positional.count == 1, given.named["stream"] == nil, !given.hasSpread else { return nil }
            effects.streams.insert("stdout")
            return []
        default: return nil
        }
    }

    /// `iter(x)`: a new iterator, or x itself when it is one.
    func iterator(_ node: Expression, _ objects: Objects) -> Objects {
        let same = objects.filter { object in
            switch object {
            case .site, .unknown: true
            case .root(let variable): program.isIterator(variable)
            case .content, .record, .recordContent: false
            }
        }
        return fresh(node.id, holding: iterate(objects)).union(same)
    }

    /// A value that can't be called: text, most often.
    func isNoFunction(_ expression: Expression, _ scope: ScopeID) -> Bool {
        guard let name = expression.name, let variable = variable(name, scope) else { return false }
        if case .value(let value)? = program.definition(variable)?.binding {
            switch value.kind {
            case .constant, .formatted: return true
            default: break
            }
        }
        return owns(variable) && (points[variable] ?? []).isEmpty
    }

    func result(
        _ knowledge: CallKnowledge, _ node: Expression, receiver: Objects, _ given: Arguments, called: Objects
    ) -> Objects {
        switch knowledge {
        case .scalar: return []
        case .fresh: return fresh(node.id, holding: called)
        case .derived:
            return fresh(node.id, holding: contents(given.all.union(receiver)).union(given.all).union(called))
        case .element: return contents(given.all.union(receiver)).union(given.all).union(called)
        case .higherOrder:
            let inner = contents(given.all.union(receiver)).union(given.all).union(called)
            return inner.isEmpty ? [] : fresh(node.id, holding: inner).union(inner)
        case .mutates:
            mutate(receiver)
            store(given.all.union(elements(given.all)), into: receiver)
            return contents(receiver).union(given.all)
        case .writes:
            write(receiver, via: "write")
            return []
        case .consumes:
            mutate(receiver)
            return fresh(node.id, holding: reach(receiver.union(given.all))).union(contents(receiver)).union(given.all)
        case .refused(let code, let reason):
            escape(given.all)
            hazard(code, reason)
            return [.unknown]
        }
    }
}
