/// A statement in a few words.
enum StatementText {
    static func describe(_ statement: Statement) -> String {
        let short = SourceText.short
        switch statement.kind {
        case .expression(let value): return short(value)
        case .assign(let targets, let value): return "\(targets.map(short).joined(separator: " = ")) = \(short(value))"
        case .augmented(let target, let op, let value):
            return "\(short(target)) \(SourceText.symbol(op))= \(short(value))"
        case .annotated(let target, _, let value): return "\(short(target)) = \(value.map(short) ?? "")"
        case .forLoop(let loop): return "for \(short(loop.target)) in \(short(loop.iterable))"
        case .whileLoop(let test, _, _): return "while \(short(test))"
        case .ifElse(let test, _, _): return "if \(short(test))"
        case .with(let items, _, _): return "with \(items.map { short($0.context) }.joined(separator: ", "))"
        case .tryExcept: return "try"
        case .function(let function): return "def \(function.name)"
        case .classDefinition(let definition): return "class \(definition.name)"
        case .return: return "return"
        case .raise: return "raise"
        case .assert(let test, _): return "assert \(short(test))"
        case .delete(let targets): return "del \(targets.map(short).joined(separator: ", "))"
        case .importModules(let names): return "import \(names.map(\.name).joined(separator: ", "))"
        case .importFrom(let module, let level, _):
            return "from \(String(repeating: ".", count: level))\(module ?? "") import"
        case .global(let names): return "global \(names.joined(separator: ", "))"
        case .nonlocal(let names): return "nonlocal \(names.joined(separator: ", "))"
        case .match(let subject, _): return "match \(short(subject))"
        case .pass: return "pass"
        case .breakLoop: return "break"
        case .continueLoop: return "continue"
        case .unknown(let kind): return kind
        }
    }
}
