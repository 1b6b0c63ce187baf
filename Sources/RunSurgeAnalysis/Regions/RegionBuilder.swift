/// Tries to prove one loop splittable.
struct RegionBuilder {
    let program: Program
    let summaries: SummaryTable
    let callers: CallGraph
    let operators: OperatorEffects
    let state: ModuleState
    let liveness: Liveness

    struct Refusal: Error { let hazard: Hazard }

    func refuse(_ code: String, _ line: Int, _ message: String, _ variable: String? = nil) -> Refusal {
        Refusal(hazard: Hazard(code: code, line: line, message: message, variable: variable))
    }

    // MARK: for loops

    func region(_ statement: Statement, _ loop: ForLoop, _ scope: ScopeID) throws(Refusal) -> Region {
        let line = statement.span.line
        try checkPlace(scope, line)
        if loop.isAsync { throw refuse("async", line, "an async loop") }
        guard let targets = names(of: loop.target) else {
            throw refuse("loop_target", line, "the loop assigns to something else than plain names")
        }
        if let hazard = ControlFlow.hazard(in: loop.body) { throw Refusal(hazard: hazard) }
        let range = NodeRange(loop.body)
        let roles = AccumulatorRoles(program: program, scope: scope, body: loop.body)
        let targetVariables = targets.compactMap { program.resolve($0, in: scope) }
        let assigned = try assignedVariables(range, scope, line, except: roles).union(targetVariables)
        if let target = targetVariables.first(where: { roles.accepted[$0] != nil }) {
            throw refuse("carried_state", line, "the loop variable is also collected", target.name)
        }
        let evaluator = evaluator(range, assigned: assigned, sites: roles.sites)
        evaluator.knownKey = knownKey(loop, range, scope)
        evaluator.solve {
            evaluator.bind(loop.target, to: [.record], scope)
            evaluator.run(loop.body, scope)
        }
        var flow = DefiniteAssignment(
            program: program, summaries: summaries, names: assigned, accepted: Set(roles.sites.keys))
        _ = flow.walk(loop.body, Set(targetVariables), scope)
        for (variable, hazard) in roles.rejected.sorted(by: { $0.value.line < $1.value.line })
        where !isPrivate(variable, assigned, flow) {
            throw Refusal(hazard: hazard)
        }
        if let (variable, early) = flow.early.min(by: { ($0.value, $0.key.name) < ($1.value, $1.key.name) }) {
            throw refuse(
                "carried_state", early, "\(variable.name) is carried from one iteration to the next", variable.name)
        }
        var variables = roles.accepted.map { ($0.key, $0.value) }
        for variable in assigned {
            let isLive = liveness.isLive(variable, outside: range)
            variables.append((variable, RegionVariable(name: variable.name, role: "last_value", liveOut: isLive)))
        }
        return try finish(
            node: statement.id, line: line, kind: "for", scope: scope, source: loop.iterable, targets: targets,
            range: range, assigned: assigned, variables: variables, evaluator: evaluator)
    }

    /// `for k in sorted(d)`: d has k.
    private func knownKey(_ loop: ForLoop, _ range: NodeRange, _ scope: ScopeID) -> (Variable, Variable)? {
        var source = loop.iterable
        var target = loop.target
        while case .call(let function, let arguments, _) = source.kind {
            if case .attribute(let base, let name) = function.kind, arguments.isEmpty {
                guard name == "keys" || name == "items" else { return nil }
                if name == "items" {
                    guard case .tuple(let parts) = target.kind, parts.count == 2 else { return nil }
                    target = parts[0]
                }
                source = base
                break
            }
            guard let first = arguments.first,
                ["builtins.sorted", "builtins.list", "builtins.reversed", "builtins.tuple"].contains(
                    program.dotted(function, scope))
            else { return nil }
            source = first
        }
        guard let name = source.name, let dictionary = program.resolve(name, in: scope), let text = target.name,
            let key = program.resolve(text, in: scope)
        else { return nil }
        let isKept = (program.occurrences[key] ?? []).allSatisfy { $0.mode == .load || !range.contains($0.node) }
        return isKept ? (dictionary, key) : nil
    }

    private func isPrivate(_ variable: Variable, _ assigned: Set<Variable>, _ flow: DefiniteAssignment) -> Bool {
        assigned.contains(variable) && flow.early[variable] == nil
    }

    // MARK: comprehensions

    func region(
        _ node: Expression, kind: String, comprehension: Expression, _ scope: ScopeID
    ) throws(Refusal) -> Region {
        let line = node.span.line
        try checkPlace(scope, line)
        guard case .comprehension(_, let element, let value, let generators) = comprehension.kind,
            let first = generators.first, let inner = program.scopeOfNode[comprehension.id]
        else { throw refuse("unknown_syntax", line, "not a comprehension") }
        if generators.contains(where: \.isAsync) { throw refuse("async", line, "an async comprehension") }
        guard let targets = names(of: first.target) else {
            throw refuse("loop_target", line, "the comprehension assigns to something else than plain names")
        }
        let parts =
            [element] + (value.map { [$0] } ?? []) + first.conditions
            + generators.dropFirst().flatMap { [$0.iterable] + $0.conditions }
        for part in parts {
            if part.contains({ if case .named = $0.kind { true } else { false } }) {
                throw refuse("walrus", line, "a name outside of the comprehension is assigned")
            }
            if ControlFlow.containsYield(part) { throw refuse("yield", line, "the comprehension yields or awaits") }
        }
        let range = NodeRange(comprehension)
        let evaluator = evaluator(range, assigned: [], sites: [:])
        evaluator.solve {
            evaluator.line = line
            evaluator.bind(first.target, to: [.record], inner)
            for condition in first.conditions { _ = evaluator.evaluate(condition, inner) }
            for generator in generators.dropFirst() {
                evaluator.bind(
                    generator.target, to: evaluator.iterate(evaluator.evaluate(generator.iterable, inner)), inner)
                for condition in generator.conditions { _ = evaluator.evaluate(condition, inner) }
            }
            var made = evaluator.evaluate(element, inner)
            if let value { made.formUnion(evaluator.evaluate(value, inner)) }
            evaluator.stored["", default: []].formUnion(evaluator.reach(made))
        }
        var region = try finish(
            node: node.id, line: line, kind: kind, scope: scope, source: first.iterable, targets: targets,
            range: range, assigned: [], variables: [], evaluator: evaluator)
        if node !== comprehension {
            // The function may fail at one element, before the next ones are made.
            if let writer = region.streams.first ?? region.variables.first(where: { $0.role == "writer" })?.name {
                throw refuse("effects_in_generator", line, "the elements write to \(writer) when they are made")
            }
            region.generator = comprehension.id
        }
        return region
    }

    // MARK: shared

    private func checkPlace(_ scope: ScopeID, _ line: Int) throws(Refusal) {
        switch program.scopes[scope].kind {
        case .module, .function: break
        case .classBody: throw refuse("class_body", line, "the loop is in a class body")
        case .lambda, .comprehension: throw refuse("nested_scope", line, "the loop is inside a lambda or comprehension")
        }
        if let decorator = program.foreignDecorator(around: scope) {
            throw refuse("decorated", line, "decorator \(decorator) may look at the code of the function")
        }
        if program.scopes[scope].function?.isAsync == true { throw refuse("async", line, "the loop is in async code") }
        if let hazard = operators.hazard { throw Refusal(hazard: hazard) }
    }

    private func names(of target: Expression) -> [String]? {
        switch target.kind {
        case .name(let name): return [name]
        case .tuple(let items), .list(let items):
            var result: [String] = []
            for item in items {
                guard let inner = names(of: item) else { return nil }
                result += inner
            }
            return result
        case .starred(let inner): return names(of: inner)
        default: return nil
        }
    }

    private func evaluator(_ range: NodeRange, assigned: Set<Variable>, sites: [NodeID: AcceptedSite]) -> Evaluator {
        let owned = program.scopes.filter {
            ($0.kind == .lambda || $0.kind == .comprehension) && range.contains($0.node)
        }
        return Evaluator(
            program: program, summaries: summaries, ownedScopes: Set(owned.map(\.id)), ownedNames: assigned,
            accepted: sites)
    }

    func assignedVariables(
        _ range: NodeRange, _ scope: ScopeID, _ line: Int, except roles: AccumulatorRoles
    ) throws(Refusal) -> Set<Variable> {
        var result: Set<Variable> = []
        for (variable, list) in program.occurrences {
            guard let use = list.first(where: { $0.mode != .load && range.contains($0.node) }) else { continue }
            if roles.accepted[variable] != nil { continue }
            let owner = program.scopes[variable.scope]
            if range.contains(owner.node), owner.kind != .module { continue }
            guard variable.scope == scope || program.isModule(variable) else {
                throw refuse(
                    "nonlocal_write", use.line, "\(variable.name) of an outer function is assigned", variable.name)
            }
            result.insert(variable)
        }
        return result
    }
}
