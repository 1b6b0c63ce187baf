/// A short rendering of an expression for people and for comparing two expressions; never executed.
enum SourceText {
    static func render(_ expression: Expression) -> String {
        switch expression.kind {
        case .name(let name): return name
        case .constant(let constant): return render(constant)
        case .attribute(let base, let name): return "\(render(base)).\(name)"
        case .item(let base, let key): return "\(render(base))[\(render(key))]"
        case .slice(let lower, let upper, let step):
            let text = "\(lower.map(render) ?? ""):\(upper.map(render) ?? "")"
            return step.map { "\(text):\(render($0))" } ?? text
        case .call(let function, let arguments, let keywords):
            let parts =
                arguments.map(render) + keywords.map { "\($0.name.map { "\($0)=" } ?? "**")\(render($0.value))" }
            return "\(render(function))(\(parts.joined(separator: ", ")))"
        case .binary(let left, let op, let right): return "(\(render(left)) \(symbol(op)) \(render(right)))"
        case .unary(let op, let value): return "\(symbol(op)) \(render(value))"
        case .boolean(let op, let values): return "(\(values.map(render).joined(separator: " \(op.lowercased()) ")))"
        case .compare(let left, let ops, let others):
            return "(\(render(left))" + zip(ops, others).map { " \(symbol($0)) \(render($1))" }.joined() + ")"
        case .list(let items): return "[\(items.map(render).joined(separator: ", "))]"
        case .tuple(let items): return "(\(items.map(render).joined(separator: ", ")))"
        case .starred(let inner): return "*\(render(inner))"
        default: return "<\(expression.id)>"
        }
    }

    private static func render(_ constant: Constant) -> String {
        switch constant {
        case .none: "None"
        case .ellipsis: "..."
        case .bool(let value): value ? "True" : "False"
        case .int(let text), .float(let text): text
        case .string(let text):
            text.map {
                "'\($0.replacing("\\", with: "\\\\").replacing("'", with: "\\'").replacing("\n", with: "\\n"))'"
            } ?? "'…'"
        case .bytes: "b'…'"
        case .other: "…"
        }
    }

    private static let symbols = [
        "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "LShift": "<<",
        "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&", "MatMult": "@", "Eq": "==", "NotEq": "!=",
        "Lt": "<",
        "LtE": "<=", "Gt": ">", "GtE": ">=", "Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in",
        "UAdd": "+", "USub": "-", "Not": "not", "Invert": "~",
    ]

    /// How an operator's class is written.
    static func symbol(_ op: String) -> String { symbols[op] ?? op }

    /// The rendering cut to what fits a line; parts that have no rendering are shown as an ellipsis.
    static func short(_ expression: Expression) -> String {
        let text = render(expression).replacing(/<[0-9]+>/, with: "…")
        return text.count <= 60 ? text : "\(text.prefix(57))..."
    }

    /// Whether two expressions are written alike and have nothing that can't be compared.
    static func same(_ left: Expression, _ right: Expression) -> Bool {
        let text = render(left)
        return !text.contains("…") && !text.contains(/<[0-9]+>/) && text == render(right)
    }
}
