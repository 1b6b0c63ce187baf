extension Program {
    /// Every expression of every file with the scope it is evaluated in.
    func forEachExpression(_ visit: (Expression, ScopeID) -> Void) {
        for (file, scope) in zip(export.files, moduleScopes) { walk(file.body, scope, visit, { _, _ in }) }
    }

    /// Every statement of every file with the scope it stands in.
    func forEachStatement(_ visit: (Statement, ScopeID) -> Void) {
        for (file, scope) in zip(export.files, moduleScopes) { walk(file.body, scope, { _, _ in }, visit) }
    }

    private func walk(
        _ statements: [Statement], _ scope: ScopeID, _ visit: (Expression, ScopeID) -> Void,
        _ note: (Statement, ScopeID) -> Void
    ) {
        for statement in statements {
            note(statement, scope)
            for expression in statement.expressions { walk(expression, scope, visit) }
            let inner = scopeOfNode[statement.id] ?? scope
            for block in statement.blocks { walk(block, inner, visit, note) }
        }
    }

    private func walk(_ expression: Expression, _ scope: ScopeID, _ visit: (Expression, ScopeID) -> Void) {
        visit(expression, scope)
        let inner = scopeOfNode[expression.id] ?? scope
        let outside = outerParts(of: expression)
        for child in expression.children { walk(child, outside.contains(child.id) ? scope : inner, visit) }
    }

    /// Parts that are evaluated outside of the scope that the expression opens.
    func outerParts(of expression: Expression) -> Set<NodeID> {
        switch expression.kind {
        case .comprehension(_, _, _, let generators): Set(generators.prefix(1).map(\.iterable.id))
        case .lambda(let parameters, _): Set(parameters.defaultExpressions.map(\.id))
        default: []
        }
    }
}
