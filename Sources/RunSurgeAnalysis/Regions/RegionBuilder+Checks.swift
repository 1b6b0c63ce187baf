extension RegionBuilder {
    func finish(
        node: NodeID, line: Int, kind: String, scope: ScopeID, source: Expression, targets: [String], range: NodeRange,
        assigned: Set<Variable>, variables: [(Variable, RegionVariable)], evaluator: Evaluator
    ) throws(Refusal) -> Region {
        let effects = evaluator.effects
        if let hazard = effects.hazards.min(by: { ($0.line, $0.message) < ($1.line, $1.message) }) {
            throw Refusal(hazard: hazard)
        }
        let accumulators = Set(variables.map(\.0)).subtracting(assigned)
        if let bound = effects.binds.keys.sorted(by: { $0.name < $1.name }).first(where: { !accumulators.contains($0) })
        {
            throw refuse("global_write", line, "\(bound.name) is assigned in a function called", bound.name)
        }
        var all = variables
        var writers: Set<Variable> = []
        for (object, methods) in effects.writes.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            guard case .root(let variable) = object else { continue }
            if program.scopes[variable.scope].file != 0 || program.mayBeImported(variable) {
                throw refuse("module_state", line, "\(variable.name) of another module is written to", variable.name)
            }
            if effects.inspections.contains(object) {
                throw refuse("handle", line, "\(variable.name) is written to and also looked at", variable.name)
            }
            var writer = RegionVariable(name: variable.name, role: "writer", liveOut: true)
            writer.via = methods.sorted()
            writers.insert(variable)
            all.append((variable, writer))
        }
        if let clash = writers.intersection(accumulators).first {
            throw refuse("mixed_accumulator", line, "\(clash.name) is written and collected", clash.name)
        }
        var recordMutated = false
        for (object, changed) in effects.mutations.sorted(by: { $0.value < $1.value }) {
            switch object {
            case .record, .recordContent: recordMutated = true
            case .root(let variable), .content(let variable):
                throw refuse(
                    "outer_mutation", changed, "\(variable.name) is changed in a way that has no merge", variable.name)
            case .site, .unknown: continue
            }
        }
        let reads = effects.reads.union(definitions(effects.reads)).union(operators.reads)
            .subtracting(accumulators).subtracting(writers)
        let indirect = effects.indirectReads.union(operators.reads).sorted { $0.name < $1.name }
        for variable in indirect where accumulators.contains(variable) || assigned.contains(variable) {
            throw refuse(
                "accumulator_read", line, "\(variable.name) is read by a function called in the loop", variable.name)
        }
        try checkKept(variables, evaluator, line)
        try checkSource(source, reads, scope, line)
        try checkNames(reads, accumulators.union(assigned).union(writers), scope, line)
        let nested = Set(variables.filter { $0.1.role == "keyed_append" }.map(\.0))
        try checkAliases(accumulators, nested, reads, writers, source, scope, line)
        return assemble(
            node: node, line: line, kind: kind, scope: scope, source: source, targets: targets, all: all,
            reads: reads, evaluator: evaluator, recordMutated: recordMutated)
    }

    /// Functions, generators and exceptions are tied to the frame they were made in, and can't be handed back.
    func checkKept(
        _ variables: [(Variable, RegionVariable)], _ evaluator: Evaluator, _ line: Int
    ) throws(Refusal) {
        let rooted = evaluator.effects.rooted
        func isRooted(_ objects: Objects) -> Bool {
            objects.contains { if case .site(let site) = $0 { rooted.contains(site) } else { false } }
        }
        for (variable, entry) in variables.sorted(by: { $0.0.name < $1.0.name }) where entry.liveOut {
            let held = (evaluator.stored[variable.name] ?? []).union(evaluator.reach(evaluator.points[variable] ?? []))
            if isRooted(held) {
                throw refuse(
                    "kept_function", line,
                    "\(variable.name) may keep a function, generator or exception made in the loop",
                    variable.name)
            }
        }
        if isRooted(evaluator.stored[""] ?? []) {
            throw refuse("kept_function", line, "the result may keep a function or generator made in the loop")
        }
    }

    /// An iterator that the body looks at as well would be shared with the loop.
    func checkSource(
        _ source: Expression, _ reads: Set<Variable>, _ scope: ScopeID, _ line: Int
    ) throws(Refusal) {
        var iterated = [source]
        if case .call(let function, let arguments, _) = source.kind, function.name != nil { iterated += arguments }
        for expression in iterated {
            guard let name = expression.name, let variable = program.resolve(name, in: scope), reads.contains(variable),
                program.isIterator(variable)
            else { continue }
            throw refuse("iterator_shared", line, "\(name) is the loop's iterator and used inside", name)
        }
    }

    /// What defining the functions and classes read needs in turn: defaults, decorators, bases, class bodies.
    func definitions(_ reads: Set<Variable>) -> Set<Variable> {
        var result = reads
        var work = Array(reads)
        while let variable = work.popLast() {
            guard let binding = program.definition(variable)?.binding else { continue }
            let inner: ScopeID
            switch binding {
            case .function(let scope), .lambda(let scope), .classDefinition(let scope): inner = scope
            default: continue
            }
            let scope = program.scopes[inner]
            var expressions = scope.function.map { $0.decorators + $0.parameters.defaultExpressions } ?? []
            if let definition = scope.definition {
                expressions += definition.bases + definition.decorators + definition.keywords.map(\.value)
                for statement in definition.body { statement.forEach(expression: { expressions.append($0) }) }
            }
            for expression in expressions {
                expression.forEach { part in
                    guard let name = part.name, let found = program.resolve(name, in: scope.parent ?? 0),
                        program.scopes[found.scope].kind == .module, result.insert(found).inserted
                    else { return }
                    work.append(found)
                }
            }
        }
        return result
    }

    func checkNames(
        _ reads: Set<Variable>, _ own: Set<Variable>, _ scope: ScopeID, _ line: Int
    ) throws(Refusal) {
        for variable in reads.sorted(by: { $0.name < $1.name }) {
            let file = program.scopes[variable.scope].file
            if file != 0 {
                if let reason = state.reason(variable) { throw refuse("module_state", line, reason, variable.name) }
                continue
            }
            // The harness finds names in the frame first: a global hidden by a local would be taken for it.
            if program.isModule(variable), program.scopes[scope].kind == .function,
                let local = program.resolve(variable.name, in: scope), local != variable
            {
                throw refuse(
                    "name_collision", line, "global \(variable.name) is read by a function called, and hidden here",
                    variable.name)
            }
        }
        let names = Set(own.map(\.name))
        if let clash = reads.first(where: {
            names.contains($0.name) && program.scopes[$0.scope].file == 0 && !own.contains($0)
        }) {
            throw refuse("name_collision", line, "\(clash.name) is two variables here", clash.name)
        }
    }

    /// `nested` are the accumulators whose containers are changed, not they alone.
    func checkAliases(
        _ accumulators: Set<Variable>, _ nested: Set<Variable>, _ reads: Set<Variable>, _ writers: Set<Variable>,
        _ source: Expression, _ scope: ScopeID, _ line: Int
    ) throws(Refusal) {
        let aliases = Aliases(program: program, summaries: summaries, home: scope, callers: callers)
        var sources: Set<Variable> = []
        source.forEach { part in
            if let name = part.name, let variable = program.resolve(name, in: scope) { sources.insert(variable) }
        }
        for accumulator in accumulators.sorted(by: { $0.name < $1.name }) {
            if sources.contains(accumulator) {
                throw refuse("source_mutated", line, "\(accumulator.name) is iterated and changed", accumulator.name)
            }
            let own = nested.contains(accumulator) ? aliases.ownWithInner(accumulator) : aliases.own(accumulator)
            for other in reads.union(sources).union(accumulators).union(writers).sorted(by: { $0.name < $1.name })
            where other != accumulator && aliases.mayReach(own, from: aliases.reach(other)) {
                throw refuse(
                    sources.contains(other) ? "source_mutated" : "alias", line,
                    "\(accumulator.name) may also be reached through \(other.name)", accumulator.name)
            }
        }
        for writer in writers.sorted(by: { $0.name < $1.name }) {
            let own = aliases.own(writer)
            for other in reads.sorted(by: { $0.name < $1.name }) where aliases.mayReach(own, from: aliases.reach(other))
            {
                throw refuse(
                    "alias", line, "\(writer.name) may also be reached through \(other.name)", writer.name)
            }
        }
    }
}
