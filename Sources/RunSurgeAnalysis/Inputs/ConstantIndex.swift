/// Where names get values that are not written down as plain assignments: arguments, loops over literals,
/// attributes.
struct ConstantIndex {
    struct Place {
        let value: Expression
        let scope: ScopeID
    }

    private(set) var given: [Variable: [Place]] = [:]
    private(set) var attributes: [String: [Place]] = [:]

    init(program: Program) {
        program.forEachStatement { statement, scope in
            switch statement.kind {
            case .forLoop(let loop): note(loop.target, loop.iterable, scope, scope, program)
            case .assign(let targets, let value):
                for target in targets {
                    if case .attribute(_, let name) = target.kind {
                        attributes[name, default: []].append(Place(value: value, scope: scope))
                    }
                }
                guard program.scopes[scope].kind == .classBody else { return }
                for target in targets {
                    if let name = target.name {
                        attributes[name, default: []].append(Place(value: value, scope: scope))
                    }
                }
            default: return
            }
        }
        program.forEachExpression { expression, scope in
            switch expression.kind {
            case .comprehension(_, _, _, let generators):
                guard let inner = program.scopeOfNode[expression.id], let first = generators.first else { return }
                note(first.target, first.iterable, inner, scope, program)
            case .call(let function, let arguments, let keywords):
                note(function, arguments, keywords, scope, program)
            default: return
            }
        }
    }

    private mutating func note(
        _ target: Expression, _ iterable: Expression, _ inner: ScopeID, _ scope: ScopeID, _ program: Program
    ) {
        guard let name = target.name, let variable = program.resolve(name, in: inner) else { return }
        given[variable, default: []].append(Place(value: iterable, scope: scope))
    }

    private mutating func note(
        _ function: Expression, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID, _ program: Program
    ) {
        let callee: Variable? =
            switch function.kind {
            case .name(let name): program.resolve(name, in: scope)
            case .attribute: program.dotted(function, scope).flatMap { program.ownModuleVariable($0) }
            default: nil
            }
        guard let callee, let definition = program.definition(callee)?.binding else { return }
        var inner: ScopeID
        var skipped = 0
        switch definition {
        case .function(let found): inner = found
        case .classDefinition(let found):
            guard let method = program.method("__init__", of: found) else { return }
            inner = method
            skipped = 1
        default: return
        }
        guard let parameters = program.scopes[inner].parameters else { return }
        for (name, value) in zip(parameters.positional.dropFirst(skipped), arguments) {
            given[Variable(scope: inner, name: name), default: []].append(Place(value: value, scope: scope))
        }
        for keyword in keywords {
            guard let name = keyword.name else { continue }
            given[Variable(scope: inner, name: name), default: []].append(Place(value: keyword.value, scope: scope))
        }
    }
}
