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

    // MARK: output

    private func print(_ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID) -> Objects {
        var stream: String? = "stdout"
        for keyword in keywords where keyword.name == "file" {
            if case .constant(.none) = keyword.value.kind { continue }
            switch dotted(keyword.value, scope) {
            case "sys.stdout": noteRoot(of: keyword.value, scope)
            case "sys.stderr":
                noteRoot(of: keyword.value, scope)
                stream = "stderr"
            default:
                stream = nil
                write(evaluate(keyword.value, scope), via: "print")
            }
        }
        if keywords.contains(where: { $0.name == nil }) { hazard("unknown_call", "print(**…) may go anywhere") }
        for argument in arguments { _ = evaluate(argument, scope) }
        for keyword in keywords where keyword.name != "file" { _ = evaluate(keyword.value, scope) }
        if let stream { effects.streams.insert(stream) }
        return []
    }

    private func standardStream(_ path: String) -> String? {
        for stream in ["stdout", "stderr"] where path.hasPrefix("sys.\(stream).") { return stream }
        return nil
    }

    private func writeStream(
        _ stream: String, _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) -> Objects {
        _ = evaluate(arguments, keywords, scope)
        if let variable = variable("sys", scope) { effects.reads.insert(variable) }
        switch path {
        case "sys.\(stream).write", "sys.\(stream).writelines", "sys.\(stream).flush": effects.streams.insert(stream)
        default: hazard("stream_object", "\(path) is used")
        }
        return []
    }

    /// Writing to handles made outside is recorded; those made by the code itself are its own.
    func write(_ receivers: Objects, via: String) {
        for object in receivers {
            switch object {
            case .site:
                let inside = contents([object])
                if inside.contains(where: { if case .site = $0 { false } else { true } }) {
                    hazard("handle", "a handle from outside is written through an object made in the loop")
                }
            case .root: effects.writes[object, default: []].insert(via)
            default: hazard("handle", "a handle that can't be named is written")
            }
        }
    }

    // MARK: known functions

    private func known(
        _ node: Expression, _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) -> Objects {
        let given = evaluate(arguments, keywords, scope)
        if path == "builtins.super" || path == "builtins.object" { return path.hasSuffix("super") ? selfObjects(scope) : fresh(node.id) }
        if path == "builtins.type", arguments.count == 1 { return classObjects() }
        if ["builtins.getattr", "builtins.hasattr", "dataclasses.asdict", "dataclasses.astuple"].contains(path) {
            let read = readAnyAttribute(given.positional.first ?? given.spread, node: node.id)
            if path == "builtins.getattr" { return read.union(contents(given.all)).union(given.all) }
        }
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
        if eager.contains(String(path.split(separator: ".").last ?? "")), keywords.allSatisfy({ $0.name == "key" || $0.name == "reverse" }) {
            // A copy holds what the original holds, not the original.
            return fresh(node.id, holding: elements(given.all).union(called))
        }
        return result(knowledge, node, receiver: given.positional.first ?? given.spread, given, called: called)
    }

    /// `str.lower(x)`, `dict.get(d, k)`: the method with its receiver first.
    private func builtinMethod(_ path: String) -> CallKnowledge? {
        guard path.hasPrefix("builtins."), let name = path.split(separator: ".").last,
            path.split(separator: ".").count == 3
        else { return nil }
        return Methods.knowledge(String(name))
    }

    /// Functions that write to a handle or stream they are given.
    private func writingFunction(_ path: String, _ given: Arguments) -> Objects? {
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
    private func iterator(_ node: Expression, _ objects: Objects) -> Objects {
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
    private func isNoFunction(_ expression: Expression, _ scope: ScopeID) -> Bool {
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
        case .derived: return fresh(node.id, holding: contents(given.all.union(receiver)).union(given.all).union(called))
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

    // MARK: methods

    private func method(
        _ node: Expression, _ base: Expression, _ name: String, _ arguments: [Expression], _ keywords: [Keyword],
        _ scope: ScopeID
    ) -> Objects {
        let receiver = evaluate(base, scope)
        let given = evaluate(arguments, keywords, scope)
        let own = program.methods[name] ?? []
        var result: Objects = []
        let isLiteral: Bool = switch base.kind {
        case .constant, .formatted: true
        default: false
        }
        if !isLiteral, !own.isEmpty { result.formUnion(invoke(own, receiver: receiver, given, node: node.id)) }
        if receiver.contains(.unknown) {
            hazard("unknown_object", "a method of an object of unknown origin is called: \(describe(base)).\(name)()")
        }
        notePatched(name, receiver, base, scope)
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
        if own.isEmpty, !(isSuper(base, scope)) {
            escape(given.all.union(receiver))
            hazard("unknown_call", "\(describe(base)).\(name)() is not known to be free of effects", variable: base.name)
            return [.unknown]
        }
        return result
    }

    /// A method name says nothing when an attribute of that name may hold another function, or when the receiver
    /// may be a module.
    private func notePatched(_ name: String, _ receiver: Objects, _ base: Expression, _ scope: ScopeID) {
        let isInstance = receiver.contains { if case .site(let site) = $0 { summaries.isInstance(site) } else { false } }
        if program.patches.anywhere.contains(name) || (isInstance && program.patches.onInstances.contains(name)) {
            hazard("patched", "an attribute named \(name) is assigned somewhere, so .\(name)() may be anything")
        }
        if let text = base.name, let variable = variable(text, scope), program.mayBeModule(variable) {
            hazard("unknown_call", "\(text) may be one of several modules", variable: text)
        }
    }

    private func isSuper(_ base: Expression, _ scope: ScopeID) -> Bool {
        if case .call(let function, _, _) = base.kind, function.name == "super" { return variable("super", scope) == nil }
        return false
    }

    /// What `super()` stands for: the first parameter of the method around.
    private func selfObjects(_ scope: ScopeID) -> Objects {
        guard let name = program.scopes[program.home(of: scope)].parameters?.positional.first,
            let variable = variable(name, scope)
        else { return [.unknown] }
        return lookup(variable)
    }

    /// Calls the function arguments of a known function; gives what they may return.
    private func functional(
        _ node: Expression, _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ given: Arguments,
        _ scope: ScopeID, receiver: Objects = []
    ) -> Objects {
        var functions: [Expression] = []
        let first = ["builtins.map", "builtins.filter", "functools.reduce", "functools.partial", "itertools.takewhile",
            "itertools.dropwhile", "itertools.filterfalse", "itertools.starmap", "collections.defaultdict",
            "functools.cmp_to_key",
        ]
        if first.contains(path), let function = arguments.first { functions.append(function) }
        let second = ["re.sub", "re.subn", "itertools.accumulate", "itertools.groupby"]
        if second.contains(path), arguments.count > 1 { functions.append(arguments[1]) }
        if [".sub", ".subn"].contains(path), let function = arguments.first { functions.append(function) }
        let names: Set<String> = ["key", "func", "function", "object_hook", "object_pairs_hook", "parse_float",
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
            if words("builtins.sorted builtins.min builtins.max").contains(path) || path == ".sort" || path.hasPrefix("json.") {
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
    private func apply(_ function: Expression, to values: Objects, node: Expression, _ scope: ScopeID) -> Objects {
        let given = Arguments(spread: values, hasSpread: true)
        switch function.kind {
        case .constant, .formatted, .binary: return []
        case .call where factory(function, scope) != nil: return values.union(readAnyAttribute(values, node: function.id))
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
