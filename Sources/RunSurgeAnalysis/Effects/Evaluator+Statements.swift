extension Evaluator {
    func run(_ statements: [Statement], _ scope: ScopeID) {
        for statement in statements { run(statement, scope) }
    }

    func run(_ statement: Statement, _ scope: ScopeID) {
        line = statement.span.line
        if let site = accepted[statement.id] {
            for expression in site.expressions {
                stored[site.variable, default: []].formUnion(reach(evaluate(expression, scope)))
            }
            return
        }
        switch statement.kind {
        case .expression(let value): _ = evaluate(value, scope)
        case .assign(let targets, let value):
            if let pairs = pairs(targets, value) {
                let values = pairs.map { evaluate($0.value, scope) }
                for (pair, objects) in zip(pairs, values) { bind(pair.target, to: objects, scope) }
                return
            }
            let objects = evaluate(value, scope)
            for target in targets { bind(target, to: objects, scope) }
        case .augmented(let target, let op, let value): augment(statement, target, op, value, scope)
        case .annotated(let target, let annotation, let value):
            if annotation.contains({ if case .call = $0.kind { true } else { false } }) {
                _ = evaluate(annotation, scope)
            }
            if let value { bind(target, to: evaluate(value, scope), scope) }
        case .forLoop(let loop):
            if loop.isAsync { hazard("async", "async code") }
            let items = iterate(evaluate(loop.iterable, scope))
            bind(loop.target, to: items, scope)
            run(loop.body, scope)
            run(loop.orElse, scope)
        case .whileLoop(let test, let body, let orElse), .ifElse(let test, let body, let orElse):
            _ = evaluate(test, scope)
            run(body, scope)
            run(orElse, scope)
        case .with(let items, let body, let isAsync):
            if isAsync { hazard("async", "async code") }
            for item in items { enter(item, scope) }
            run(body, scope)
        case .tryExcept(let attempt):
            run(attempt.body, scope)
            for handler in attempt.handlers {
                if let type = handler.type { _ = evaluate(type, scope) }
                if let name = handler.name, let variable = variable(name, scope) {
                    summaries.noteInstance(statement.id)
                    assign(variable, rootedObject(statement.id, holding: [.unknown]))
                }
                run(handler.body, scope)
            }
            run(attempt.orElse, scope)
            run(attempt.finally, scope)
        case .function(let function): define(statement, function, scope)
        case .classDefinition(let definition): define(statement, definition, scope)
        case .return(let value): if let value { effects.returns.formUnion(evaluate(value, scope)) }
        case .raise(let value, let cause):
            // Whoever catches it may take out what it was made with.
            if let value { store(evaluate(value, scope).subtracting([.unknown]), into: [.unknown]) }
            if let cause { _ = evaluate(cause, scope) }
        case .assert(let test, let message):
            _ = evaluate(test, scope)
            if let message { _ = evaluate(message, scope) }
        case .delete(let targets): for target in targets { delete(target, scope) }
        case .importModules, .importFrom: importNames(statement, scope)
        case .match(let subject, let cases): match(statement, subject, cases, scope)
        case .global, .nonlocal, .pass, .breakLoop, .continueLoop: break
        case .unknown(let kind): hazard("unknown_syntax", "\(kind) is not understood")
        }
    }

    /// `a, b = x, y`: each target with its own value; no tuple is made that could mix them.
    private func pairs(_ targets: [Expression], _ value: Expression) -> [(target: Expression, value: Expression)]? {
        func items(_ expression: Expression) -> [Expression]? {
            switch expression.kind {
            case .tuple(let items), .list(let items):
                items.contains { if case .starred = $0.kind { true } else { false } } ? nil : items
            default: nil
            }
        }
        guard targets.count == 1, let left = items(targets[0]), let right = items(value), left.count == right.count
        else { return nil }
        return zip(left, right).flatMap { pairs([$0], $1) ?? [(target: $0, value: $1)] }
    }

    private func augment(
        _ statement: Statement, _ target: Expression, _ op: String, _ value: Expression, _ scope: ScopeID
    ) {
        let added = evaluate(value, scope)
        let held = evaluate(target, scope)
        inspect(held)
        // A mutable left side is changed in place; a number has no objects.
        if changesInPlace(op, value, scope) { mutate(held) }
        store(elements(added).union(added), into: held)
        let made = held.isEmpty ? [] : held.union(fresh(statement.id, holding: elements(held).union(elements(added))))
        bind(target, to: made, scope)
        joinMethods("__iadd__", receiver: held, node: statement.id)
    }

    /// Whether `x op= value` may change the object x; builtin containers do so for a few operators only.
    private func changesInPlace(_ op: String, _ value: Expression, _ scope: ScopeID) -> Bool {
        if program.hasInPlaceOperators { return true }
        guard words("Add Sub Mult BitOr BitAnd BitXor").contains(op) else { return false }
        return op == "Mult" || !isNumeric(value, scope)
    }

    /// Surely a number, so that no container can be on the other side of `+` or `-`.
    private func isNumeric(_ value: Expression, _ scope: ScopeID) -> Bool {
        switch value.kind {
        case .constant(.int), .constant(.float), .constant(.bool): return true
        case .unary(let op, let inner): return op == "Not" || isNumeric(inner, scope)
        case .compare: return !program.hasOverloads
        case .binary(let left, let op, let right):
            if op == "Mult" { return isNumeric(left, scope) && isNumeric(right, scope) }
            if op == "Mod" { return isNumeric(left, scope) }
            return isNumeric(left, scope) || isNumeric(right, scope)
        case .conditional(_, let then, let otherwise): return isNumeric(then, scope) && isNumeric(otherwise, scope)
        case .call(let function, _, _):
            return words("builtins.len builtins.int builtins.float builtins.ord builtins.hash")
                .contains(dotted(function, scope) ?? "")
        default: return false
        }
    }

    private func enter(_ item: WithItem, _ scope: ScopeID) {
        let objects = evaluate(item.context, scope)
        let path: String? =
            if case .call(let function, _, _) = item.context.kind { dotted(function, scope) } else { nil }
        if path != "contextlib.suppress", path != "io.StringIO" {
            hazard("context_manager", "a context manager is entered")
        }
        let entered = joinMethods("__enter__", receiver: objects, node: item.context.id)
        if let target = item.target { bind(target, to: objects.union(entered), scope) }
    }

    private func delete(_ target: Expression, _ scope: ScopeID) {
        switch target.kind {
        case .name(let name):
            if let variable = variable(name, scope), !owns(variable) {
                hazard("deletes_name", "\(name) is deleted", variable: name)
            }
        case .attribute(let base, _), .item(let base, _):
            let holder = evaluate(base, scope)
            mutate(holder)
            joinMethods("__delitem__", receiver: holder, node: target.id)
        default: hazard("unknown_syntax", "a deletion is not understood")
        }
    }

    private func importNames(_ statement: Statement, _ scope: ScopeID) {
        // A first import runs the module; only what the interpreter has loaded anyway is harmless to run twice.
        let modules: [String] =
            switch statement.kind {
            case .importModules(let names): names.map(\.name)
            case .importFrom(let module, let level, _): [level > 0 ? "." : module ?? ""]
            default: []
            }
        for module in modules where !ImportedModules.writeNothing.contains(String(module.prefix { $0 != "." })) {
            hazard("imports_module", "module \(module) is imported, which runs it")
        }
    }

    private func match(_ statement: Statement, _ subject: Expression, _ cases: [MatchCase], _ scope: ScopeID) {
        let objects = reach(evaluate(subject, scope))
        for item in cases {
            for value in item.values { _ = evaluate(value, scope) }
            for name in item.captures {
                if let variable = variable(name, scope) {
                    assign(variable, objects.isEmpty ? [] : objects.union(fresh(statement.id, holding: objects)))
                }
            }
            if let condition = item.condition { _ = evaluate(condition, scope) }
            run(item.body, scope)
        }
    }

    private func define(_ statement: Statement, _ function: FunctionDefinition, _ scope: ScopeID) {
        for decorator in function.decorators { _ = evaluate(decorator, scope) }
        // Default values are reached through the function.
        let held: Objects = function.parameters.defaultExpressions.reduce(into: []) {
            $0.formUnion(evaluate($1, scope))
        }
        let made = rootedObject(statement.id, holding: held)
        if let variable = variable(function.name, scope) { assign(variable, made) }
        if let inner = program.scopeOfNode[statement.id] { noteCaptures(of: inner) }
    }

    private func define(_ statement: Statement, _ definition: ClassDefinition, _ scope: ScopeID) {
        var held: Objects = []
        for expression in definition.bases + definition.keywords.map(\.value) + definition.decorators {
            held.formUnion(evaluate(expression, scope))
        }
        if let inner = program.scopeOfNode[statement.id], ownedScopes.contains(inner) {
            run(definition.body, inner)
            for name in program.scopes[inner].bound {
                held.formUnion(points[Variable(scope: inner, name: name)] ?? [])
            }
        }
        if let variable = variable(definition.name, scope) {
            summaries.noteInstance(statement.id)
            assign(variable, rootedObject(statement.id, holding: held))
        }
    }

    /// A nested function made here may be called whenever: what it reads is read from here on.
    func noteCaptures(of inner: ScopeID) {
        guard let summary = summary(inner) else { return }
        for variable in summary.reads where !owns(variable) { effects.reads.insert(variable) }
        for variable in summary.binds.keys {
            hazard("nonlocal_write", "\(variable.name) is assigned by a nested function", variable: variable.name)
        }
    }
}
