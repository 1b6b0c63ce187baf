/// What a loop iterates over, in words.
struct SourceDescription {
    let program: Program

    func describe(_ expression: Expression, _ scope: ScopeID, depth: Int = 0) -> String {
        let plain = SourceText.short(expression)
        guard depth < 6 else { return plain }
        switch expression.kind {
        case .name(let name):
            guard let variable = program.resolve(name, in: scope),
                case .value(let value)? = program.singleBinding(variable)
            else { return plain }
            let inner = describe(value, variable.scope, depth: depth + 1)
            return inner == SourceText.short(value) ? plain : inner
        case .attribute:
            return program.dotted(expression, scope) == "sys.stdin" ? "lines of standard input" : plain
        case .list, .tuple: return "a literal"
        case .call(let function, let arguments, _):
            return call(function, arguments, scope, depth) ?? plain
        default: return plain
        }
    }

    private func call(_ function: Expression, _ arguments: [Expression], _ scope: ScopeID, _ depth: Int) -> String? {
        func inner(_ prefix: String) -> String? {
            guard let first = arguments.first else { return nil }
            let text = describe(first, scope, depth: depth + 1)
            return "\(prefix) \(text)"
        }
        if case .attribute(let base, let name) = function.kind, program.dotted(function, scope) == nil {
            let holder = describe(base, scope, depth: depth + 1)
            switch name {
            case "readlines" where arguments.isEmpty: return holder
            case "splitlines": return "lines of \(SourceText.short(base))"
            case "items", "keys", "values": return "\(name) of \(SourceText.short(base))"
            default: return nil
            }
        }
        switch program.dotted(function, scope) {
        case "builtins.open", "io.open", "codecs.open":
            guard let path = arguments.first else { return nil }
            let names = PathFolder(program: program).strings(path, scope)
            return "lines of \(names.count == 1 ? names[0] : SourceText.short(path))"
        case "csv.reader": return inner("csv rows of")?.replacing("of lines of", with: "of")
        case "csv.DictReader": return inner("csv records of")?.replacing("of lines of", with: "of")
        case "builtins.range": return "range(\(arguments.map(SourceText.short).joined(separator: ", ")))"
        case "builtins.enumerate": return inner("enumerated")
        case "builtins.reversed": return inner("reversed")
        case "builtins.sorted": return inner("sorted")
        case "builtins.zip":
            return "zip of \(arguments.map { describe($0, scope, depth: depth + 1) }.joined(separator: ", "))"
        default: return nil
        }
    }
}
