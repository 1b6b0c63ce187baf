/// Finds names that one iteration may read before it has assigned them.
struct DefiniteAssignment {
    let program: Program
    let summaries: SummaryTable
    /// The names of the loop's scope that its body assigns.
    let names: Set<Variable>
    /// Names fed by accepted accumulator statements are none of this walk's business.
    let accepted: Set<NodeID>
    private(set) var early: [Variable: Int] = [:]
    private var line = 0

    init(program: Program, summaries: SummaryTable, names: Set<Variable>, accepted: Set<NodeID>) {
        self.program = program
        self.summaries = summaries
        self.names = names
        self.accepted = accepted
    }

    /// What is surely assigned after the statements; `nil` when the end is never reached.
    mutating func walk(_ statements: [Statement], _ assigned: Set<Variable>, _ scope: ScopeID) -> Set<Variable>? {
        var current: Set<Variable>? = assigned
        for statement in statements {
            guard let state = current else { break }
            current = walk(statement, state, scope)
        }
        return current
    }

    private func join(_ left: Set<Variable>?, _ right: Set<Variable>?) -> Set<Variable>? {
        guard let left else { return right }
        guard let right else { return left }
        return left.intersection(right)
    }

    private mutating func walk(_ statement: Statement, _ before: Set<Variable>, _ scope: ScopeID) -> Set<Variable>? {
        line = statement.span.line
        var state = before
        switch statement.kind {
        case .assign(let targets, let value):
            read(value, &state, scope)
            for target in targets { assign(target, &state, scope) }
        case .augmented(let target, _, let value):
            read(value, &state, scope)
            if !accepted.contains(statement.id) { read(target, &state, scope) }
            assign(target, &state, scope)
        case .annotated(let target, _, let value):
            if let value {
                read(value, &state, scope)
                assign(target, &state, scope)
            }
        case .ifElse(let test, let body, let orElse):
            read(test, &state, scope)
            return join(walk(body, state, scope), walk(orElse, state, scope))
        case .forLoop(let loop):
            read(loop.iterable, &state, scope)
            var inner = state
            assign(loop.target, &inner, scope)
            _ = walk(loop.body, inner, scope)
            _ = walk(loop.orElse, state, scope)
        case .whileLoop(let test, let body, let orElse):
            read(test, &state, scope)
            _ = walk(body, state, scope)
            _ = walk(orElse, state, scope)
        case .with(let items, let body, _):
            for item in items {
                read(item.context, &state, scope)
                if let target = item.target { assign(target, &state, scope) }
            }
            // A manager may swallow an exception half-way through.
            _ = walk(body, state, scope)
        case .tryExcept(let attempt):
            var end = walk(attempt.body, state, scope)
            if let reached = end { end = walk(attempt.orElse, reached, scope) }
            for handler in attempt.handlers {
                var caught = state
                if let type = handler.type { read(type, &caught, scope) }
                if let name = handler.name, let variable = program.resolve(name, in: scope) { caught.insert(variable) }
                var after = walk(handler.body, caught, scope)
                if let name = handler.name, let variable = program.resolve(name, in: scope) { after?.remove(variable) }
                end = join(end, after)
            }
            if !attempt.finally.isEmpty {
                guard let last = walk(attempt.finally, state, scope) else { return nil }
                return end?.union(last)
            }
            return end
        case .function(let function):
            for value in function.decorators + function.parameters.defaultExpressions { read(value, &state, scope) }
            if let inner = program.scopeOfNode[statement.id] { readCaptured(inner, state) }
            if let variable = program.resolve(function.name, in: scope) { state.insert(variable) }
        case .classDefinition(let definition):
            for value in statement.expressions { read(value, &state, scope) }
            if let variable = program.resolve(definition.name, in: scope) { state.insert(variable) }
        case .importModules, .importFrom:
            for variable in names
            where program.occurrences[variable]?.contains(where: { $0.node == statement.id }) == true {
                state.insert(variable)
            }
        case .match(let subject, let cases):
            read(subject, &state, scope)
            var end: Set<Variable>? = state
            for item in cases {
                var inner = state
                for value in item.values { read(value, &inner, scope) }
                for name in item.captures {
                    if let variable = program.resolve(name, in: scope) { inner.insert(variable) }
                }
                if let condition = item.condition { read(condition, &inner, scope) }
                end = join(end, walk(item.body, inner, scope))
            }
            return end
        case .return, .raise, .breakLoop, .continueLoop:
            for value in statement.expressions { read(value, &state, scope) }
            return nil
        default:
            for value in statement.expressions { read(value, &state, scope) }
        }
        return state
    }

    private mutating func assign(_ target: Expression, _ state: inout Set<Variable>, _ scope: ScopeID) {
        switch target.kind {
        case .name(let name): if let variable = program.resolve(name, in: scope) { state.insert(variable) }
        case .tuple(let items), .list(let items): for item in items { assign(item, &state, scope) }
        case .starred(let inner): assign(inner, &state, scope)
        default: read(target, &state, scope)
        }
    }

    private mutating func note(_ variable: Variable, _ state: Set<Variable>) {
        if names.contains(variable), !state.contains(variable), early[variable] == nil { early[variable] = line }
    }

    private mutating func readCaptured(_ inner: ScopeID, _ state: Set<Variable>) {
        for variable in summaries.effects[inner]?.reads ?? [] { note(variable, state) }
    }

    /// Names read by an expression; a walrus assigns for sure only outside of short circuits.
    private mutating func read(_ expression: Expression, _ state: inout Set<Variable>, _ scope: ScopeID) {
        switch expression.kind {
        case .name(let name): if let variable = program.resolve(name, in: scope) { note(variable, state) }
        case .named(let target, let value):
            read(value, &state, scope)
            assign(target, &state, program.home(of: scope))
        case .lambda(let parameters, let body):
            for value in parameters.defaultExpressions { read(value, &state, scope) }
            if let inner = program.scopeOfNode[expression.id] {
                var copy = state
                read(body, &copy, inner)
            }
        case .comprehension(_, let element, let value, let generators):
            guard let inner = program.scopeOfNode[expression.id] else { return }
            if let first = generators.first { read(first.iterable, &state, scope) }
            var copy = state
            for (position, generator) in generators.enumerated() {
                if position > 0 { read(generator.iterable, &copy, inner) }
                for condition in generator.conditions { read(condition, &copy, inner) }
            }
            read(element, &copy, inner)
            if let value { read(value, &copy, inner) }
        case .boolean(_, let values):
            if let first = values.first { read(first, &state, scope) }
            var copy = state
            for value in values.dropFirst() { read(value, &copy, scope) }
        case .conditional(let test, let then, let otherwise):
            read(test, &state, scope)
            var first = state
            var second = state
            read(then, &first, scope)
            read(otherwise, &second, scope)
            state = first.intersection(second)
        case .compare(let left, _, let others) where others.count > 1:
            read(left, &state, scope)
            read(others[0], &state, scope)
            var copy = state
            for value in others.dropFirst() { read(value, &copy, scope) }
        default:
            for child in expression.children { read(child, &state, scope) }
        }
    }
}
