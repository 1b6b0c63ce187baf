extension Parameters {
    /// Defaults, which are evaluated where the function is defined.
    var defaultExpressions: [Expression] { defaults + keywordDefaults.compactMap { $0 } }
}

extension Expression {
    /// Direct subexpressions in source order.
    var children: [Expression] {
        switch kind {
        case .name, .constant, .unknown: return []
        case .attribute(let value, _), .unary(_, let value), .starred(let value), .await(let value): return [value]
        case .item(let value, let key): return [value, key]
        case .slice(let lower, let upper, let step): return [lower, upper, step].compactMap { $0 }
        case .call(let function, let arguments, let keywords):
            return [function] + arguments + keywords.map(\.value)
        case .binary(let left, _, let right), .named(let left, let right): return [left, right]
        case .boolean(_, let values), .list(let values), .tuple(let values), .set(let values), .formatted(let values):
            return values
        case .compare(let left, _, let others): return [left] + others
        case .conditional(let test, let then, let otherwise): return [test, then, otherwise]
        case .lambda(let parameters, let body): return parameters.defaultExpressions + [body]
        case .dict(let keys, let values): return keys.compactMap { $0 } + values
        case .comprehension(_, let element, let value, let generators):
            return [element] + (value.map { [$0] } ?? [])
                + generators.flatMap { [$0.target, $0.iterable] + $0.conditions }
        case .formattedValue(let value, _, let format): return [value] + (format.map { [$0] } ?? [])
        case .yield(let value): return value.map { [$0] } ?? []
        }
    }

    /// This expression and everything below it.
    func forEach(_ visit: (Expression) -> Void) {
        visit(self)
        for child in children { child.forEach(visit) }
    }

    func contains(_ predicate: (Expression) -> Bool) -> Bool {
        predicate(self) || children.contains { $0.contains(predicate) }
    }
}

extension Statement {
    /// Direct expressions, not those of nested statements.
    var expressions: [Expression] {
        switch kind {
        case .expression(let value): [value]
        case .assign(let targets, let value): targets + [value]
        case .augmented(let target, _, let value): [target, value]
        case .annotated(let target, let annotation, let value): [target, annotation] + (value.map { [$0] } ?? [])
        case .forLoop(let loop): [loop.target, loop.iterable]
        case .whileLoop(let test, _, _), .ifElse(let test, _, _): [test]
        case .with(let items, _, _): items.flatMap { [$0.context] + ($0.target.map { [$0] } ?? []) }
        case .tryExcept(let statement): statement.handlers.compactMap(\.type)
        case .function(let function):
            function.decorators + function.parameters.defaultExpressions + function.parameters.annotations
        case .classDefinition(let definition):
            definition.decorators + definition.bases + definition.keywords.map(\.value)
        case .return(let value): value.map { [$0] } ?? []
        case .raise(let value, let cause): [value, cause].compactMap { $0 }
        case .assert(let test, let message): [test] + (message.map { [$0] } ?? [])
        case .delete(let targets): targets
        case .match(let subject, let cases): [subject] + cases.flatMap { $0.values + ($0.condition.map { [$0] } ?? []) }
        case .importModules, .importFrom, .global, .nonlocal, .pass, .breakLoop, .continueLoop, .unknown: []
        }
    }

    /// Directly nested blocks.
    var blocks: [[Statement]] {
        switch kind {
        case .forLoop(let loop): [loop.body, loop.orElse]
        case .whileLoop(_, let body, let orElse), .ifElse(_, let body, let orElse): [body, orElse]
        case .with(_, let body, _): [body]
        case .tryExcept(let statement):
            [statement.body] + statement.handlers.map(\.body) + [statement.orElse, statement.finally]
        case .function(let function): [function.body]
        case .classDefinition(let definition): [definition.body]
        case .match(_, let cases): cases.map(\.body)
        default: []
        }
    }

    func forEach(statement visit: (Statement) -> Void) {
        visit(self)
        for block in blocks { for child in block { child.forEach(statement: visit) } }
    }

    func forEach(expression visit: (Expression) -> Void) {
        forEach(statement: { statement in
            for expression in statement.expressions { expression.forEach(visit) }
        })
    }
}

/// A contiguous run of node numbers: in pre-order every subtree is one.
struct NodeRange: Hashable {
    let first: NodeID
    let last: NodeID

    func contains(_ node: NodeID) -> Bool { node >= first && node <= last }

    init(_ statements: [Statement]) {
        var last = statements.last?.id ?? -1
        statements.last?.forEach(statement: { last = max(last, $0.id) })
        statements.last?.forEach(expression: { last = max(last, $0.id) })
        self.first = statements.first?.id ?? 0
        self.last = last
    }

    init(_ expression: Expression) {
        var last = expression.id
        expression.forEach { last = max(last, $0.id) }
        self.first = expression.id
        self.last = last
    }
}
