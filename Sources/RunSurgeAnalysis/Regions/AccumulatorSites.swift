/// How a statement feeds an accumulator.
enum SiteForm: Equatable {
    case append
    case fold(op: String)
    case keyed(String, mirrored: Bool, zero: Constant?)
    case keyedOp(String, op: String)
    case overwrite
    case keyedAppend(inner: String)
    case setAdd
    /// `x.update(…)`: what it means depends on what x is.
    case update
}

/// A statement that feeds the accumulator `variable`.
struct AccumulatorSite {
    let variable: String
    let node: NodeID
    let line: Int
    let form: SiteForm
    /// What is evaluated besides the accumulator.
    let expressions: [Expression]
    /// The name nodes that the pattern accounts for.
    let names: Set<NodeID>
}

/// Recognises accumulator statements by their shape.
enum AccumulatorPatterns {
    static func site(_ statement: Statement) -> AccumulatorSite? {
        switch statement.kind {
        case .augmented(let target, let op, let value): return augmented(statement, target, op, value)
        case .assign(let targets, let value) where targets.count == 1: return assigned(statement, targets[0], value)
        case .expression(let value): return called(statement, value)
        case .ifElse(let test, let body, let orElse): return branch(statement, test, body, orElse)
        default: return nil
        }
    }

    private static func make(
        _ statement: Statement, _ name: Expression, _ form: SiteForm, _ expressions: [Expression],
        more: [Expression] = []
    ) -> AccumulatorSite? {
        guard let text = name.name else { return nil }
        return AccumulatorSite(
            variable: text, node: statement.id, line: statement.span.line, form: form, expressions: expressions,
            names: Set([name.id] + more.map(\.id)))
    }

    private static func augmented(
        _ statement: Statement, _ target: Expression, _ op: String, _ value: Expression
    ) -> AccumulatorSite? {
        switch target.kind {
        case .name:
            if op == "Add", isListDisplay(value) { return make(statement, target, .append, [value]) }
            return make(statement, target, .fold(op: op), [value])
        case .item(let base, let key) where base.name != nil:
            guard op == "Add" || op == "Sub" else { return nil }
            return make(statement, base, .keyedOp("aug", op: op), [key, value])
        default: return nil
        }
    }

    private static func isListDisplay(_ value: Expression) -> Bool {
        switch value.kind {
        case .list, .comprehension(.list, _, _, _): true
        default: false
        }
    }

    private static func assigned(_ statement: Statement, _ target: Expression, _ value: Expression) -> AccumulatorSite?
    {
        if let name = target.name, case .binary(let left, let op, let right) = value.kind, left.name == name {
            return make(statement, target, .fold(op: op), [right], more: [left])
        }
        guard case .item(let base, let key) = target.kind, base.name != nil else { return nil }
        if case .slice = key.kind { return nil }
        if case .binary(let left, let op, let right) = value.kind, op == "Add" || op == "Sub",
            let (name, arguments) = method(left, "get"), name.name == base.name, arguments.count == 2,
            SourceText.same(arguments[0], key), case .constant(let zero) = arguments[1].kind, zero.isNumber
        {
            return make(statement, base, .keyed("get:\(op)", mirrored: false, zero: zero), [key, right], more: [name])
        }
        return make(statement, base, .overwrite, [key, value])
    }

    /// `name.method(arguments)` without keywords.
    private static func method(_ call: Expression, _ method: String) -> (Expression, [Expression])? {
        guard case .call(let function, let arguments, let keywords) = call.kind, keywords.isEmpty,
            case .attribute(let base, method) = function.kind, base.name != nil
        else { return nil }
        return (base, arguments)
    }

    private static func called(_ statement: Statement, _ value: Expression) -> AccumulatorSite? {
        guard case .call(let function, let arguments, let keywords) = value.kind, keywords.isEmpty,
            case .attribute(let receiver, let name) = function.kind,
            !arguments.contains(where: { if case .starred = $0.kind { true } else { false } })
        else { return nil }
        if receiver.name != nil {
            switch (name, arguments.count) {
            case ("append", 1), ("extend", 1): return make(statement, receiver, .append, arguments)
            case ("add", 1): return make(statement, receiver, .setAdd, arguments)
            case ("update", 1): return make(statement, receiver, .update, arguments)
            case ("setdefault", 2):
                guard case .constant(let zero) = arguments[1].kind, zero.isNumber else { return nil }
                return make(statement, receiver, .keyed("setdefault", mirrored: false, zero: zero), [arguments[0]])
            default: return nil
            }
        }
        let inner: String? =
            switch name {
            case "append", "extend": "list"
            case "add", "update": "set"
            default: nil
            }
        guard let inner, arguments.count == 1 else { return nil }
        if case .item(let base, let key) = receiver.kind, base.name != nil {
            if case .slice = key.kind { return nil }
            return make(statement, base, .keyedAppend(inner: inner), [key] + arguments)
        }
        if let (base, given) = method(receiver, "setdefault"), given.count == 2, emptyContainer(given[1]) == inner {
            return make(statement, base, .keyedAppend(inner: inner), [given[0]] + arguments)
        }
        return nil
    }

    private static func emptyContainer(_ value: Expression) -> String? {
        switch value.kind {
        case .list(let items) where items.isEmpty: return "list"
        case .call(let function, let arguments, let keywords) where arguments.isEmpty && keywords.isEmpty:
            return function.name == "list" || function.name == "set" ? function.name : nil
        default: return nil
        }
    }

    private static func branch(
        _ statement: Statement, _ test: Expression, _ body: [Statement], _ orElse: [Statement]
    ) -> AccumulatorSite? {
        guard case .compare(let key, let ops, let others) = test.kind, ops.count == 1, let dictionary = others.first,
            let name = dictionary.name, ops[0] == "In" || ops[0] == "NotIn", body.count == 1, orElse.count <= 1
        else { return nil }
        let isMirrored = ops[0] == "NotIn"
        let present = isMirrored ? orElse.first : body.first
        let missing = isMirrored ? body.first : orElse.first
        guard let missing, case .assign(let targets, let initial) = missing.kind, targets.count == 1,
            case .item(let base, let first) = targets[0].kind, base.name == name, SourceText.same(first, key)
        else { return nil }
        guard let present else {
            if let inner = emptyContainer(initial) {
                return make(statement, dictionary, .keyedAppend(inner: inner), [key], more: [base])
            }
            guard case .constant(let zero) = initial.kind, zero.isNumber else { return nil }
            return make(statement, dictionary, .keyed("init", mirrored: false, zero: zero), [key], more: [base])
        }
        guard case .augmented(let target, "Add", let added) = present.kind,
            case .item(let other, let second) = target.kind,
            other.name == name, SourceText.same(second, key)
        else { return nil }
        let isSame = SourceText.same(initial, added)
        return make(
            statement, dictionary, .keyed(isSame ? "branch" : "branch?", mirrored: isMirrored, zero: nil),
            [key, initial, added], more: [base, other])
    }
}
