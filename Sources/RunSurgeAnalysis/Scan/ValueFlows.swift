/// Where names and attributes get their values, by whatever statement, and what functions give back.
struct ValueFlows {
    private(set) var variables: [Variable: [ConstantIndex.Place]]
    private(set) var attributes: [String: [ConstantIndex.Place]]
    private(set) var returned: [ScopeID: [ConstantIndex.Place]] = [:]

    init(_ program: Program) {
        variables = program.constants.given
        attributes = program.constants.attributes
        for (variable, bindings) in program.bindings {
            for case .value(let value) in bindings {
                variables[variable, default: []].append(ConstantIndex.Place(value: value, scope: variable.scope))
            }
        }
        program.forEachStatement { statement, scope in note(statement, scope, program) }
        program.forEachExpression { expression, scope in note(expression, scope, program) }
    }

    private mutating func note(_ statement: Statement, _ scope: ScopeID, _ program: Program) {
        switch statement.kind {
        case .assign(let targets, let value): for target in targets { give(target, value, scope, scope, program) }
        case .forLoop(let loop): give(loop.target, loop.iterable, scope, scope, program)
        case .with(let items, _, _):
            for item in items { if let target = item.target { give(target, item.context, scope, scope, program) } }
        case .match(let subject, let cases):
            for name in cases.flatMap(\.captures) { give(name, subject, scope, scope, program) }
        case .return(let value?):
            returned[program.home(of: scope), default: []].append(ConstantIndex.Place(value: value, scope: scope))
        case .function(let function):
            guard let inner = program.scopeOfNode[statement.id] else { return }
            giveDefaults(of: function.parameters, scope, inner, program)
        default: return
        }
    }

    private mutating func note(_ expression: Expression, _ scope: ScopeID, _ program: Program) {
        switch expression.kind {
        case .yield(let value?):
            returned[program.home(of: scope), default: []].append(ConstantIndex.Place(value: value, scope: scope))
        case .call(let function, let arguments, _):
            guard function.name == "setattr", arguments.count == 3,
                case .constant(.string(let name?)) = arguments[1].kind
            else { return }
            attributes[name, default: []].append(ConstantIndex.Place(value: arguments[2], scope: scope))
        case .lambda(let parameters, let body):
            guard let inner = program.scopeOfNode[expression.id] else { return }
            giveDefaults(of: parameters, scope, inner, program)
            returned[inner, default: []].append(ConstantIndex.Place(value: body, scope: inner))
        case .comprehension(_, _, _, let generators):
            guard let inner = program.scopeOfNode[expression.id] else { return }
            for (position, generator) in generators.enumerated() {
                give(generator.target, generator.iterable, inner, position == 0 ? scope : inner, program)
            }
        default: return
        }
    }

    private mutating func giveDefaults(
        of parameters: Parameters, _ scope: ScopeID, _ inner: ScopeID, _ program: Program
    ) {
        for (name, value) in zip(parameters.positional.suffix(parameters.defaults.count), parameters.defaults) {
            give(name, value, inner, scope, program)
        }
        for (name, value) in zip(parameters.keywordOnly, parameters.keywordDefaults) {
            if let value { give(name, value, inner, scope, program) }
        }
    }

    /// Each name of a target may get all of the value.
    private mutating func give(
        _ target: Expression, _ value: Expression, _ inner: ScopeID, _ scope: ScopeID, _ program: Program
    ) {
        target.forEach { part in
            if let name = part.name { give(name, value, inner, scope, program) }
        }
    }

    private mutating func give(
        _ name: String, _ value: Expression, _ inner: ScopeID, _ scope: ScopeID, _ program: Program
    ) {
        guard let variable = program.resolve(name, in: inner) else { return }
        variables[variable, default: []].append(ConstantIndex.Place(value: value, scope: scope))
    }
}
