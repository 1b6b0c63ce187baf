import Foundation

extension NodeDecoder {
    func statements(_ value: Any?) throws(SyntaxDecodingError) -> [Statement] {
        var result: [Statement] = []
        for node in nodes(value) {
            result.append(Statement(id: try identifier(node), span: span(node), kind: try statementKind(node)))
        }
        return result
    }

    private func statementKind(_ node: JSONNode) throws(SyntaxDecodingError) -> Statement.Kind {
        let kind = kind(node)
        switch kind {
        case "Expr": return .expression(try required(node["value"]))
        case "Assign": return .assign(try expressions(node["targets"]), try required(node["value"]))
        case "AugAssign":
            return .augmented(try required(node["target"]), node["op"] as? String ?? "", try required(node["value"]))
        case "AnnAssign":
            return .annotated(
                try required(node["target"]), annotation: try required(node["annotation"]),
                value: try optional(node["value"]))
        case "For", "AsyncFor":
            return .forLoop(
                ForLoop(
                    target: try required(node["target"]), iterable: try required(node["iter"]),
                    body: try statements(node["body"]), orElse: try statements(node["orelse"]),
                    isAsync: kind == "AsyncFor"))
        case "While":
            return .whileLoop(
                try required(node["test"]), try statements(node["body"]), orElse: try statements(node["orelse"]))
        case "If":
            return .ifElse(
                try required(node["test"]), try statements(node["body"]), orElse: try statements(node["orelse"]))
        case "With", "AsyncWith":
            var items: [WithItem] = []
            for item in nodes(node["items"]) {
                items.append(
                    WithItem(context: try required(item["context_expr"]), target: try optional(item["optional_vars"])))
            }
            return .with(items, try statements(node["body"]), isAsync: kind == "AsyncWith")
        case "Try", "TryStar": return .tryExcept(try tryStatement(node))
        case "FunctionDef", "AsyncFunctionDef": return .function(try function(node, isAsync: kind != "FunctionDef"))
        case "ClassDef":
            return .classDefinition(
                ClassDefinition(
                    name: node["name"] as? String ?? "", bases: try expressions(node["bases"]),
                    keywords: try keywords(node["keywords"]), body: try statements(node["body"]),
                    decorators: try expressions(node["decorator_list"])))
        case "Return": return .return(try optional(node["value"]))
        case "Raise": return .raise(try optional(node["exc"]), cause: try optional(node["cause"]))
        case "Assert": return .assert(try required(node["test"]), try optional(node["msg"]))
        case "Delete": return .delete(try expressions(node["targets"]))
        case "Import": return .importModules(aliases(node["names"]))
        case "ImportFrom":
            return .importFrom(
                module: node["module"] as? String, level: node["level"] as? Int ?? 0, aliases(node["names"]))
        case "Global": return .global(strings(node["names"]))
        case "Nonlocal": return .nonlocal(strings(node["names"]))
        case "Match": return .match(try required(node["subject"]), try cases(node["cases"]))
        case "Pass": return .pass
        case "Break": return .breakLoop
        case "Continue": return .continueLoop
        default: return .unknown(kind)
        }
    }

    private func tryStatement(_ node: JSONNode) throws(SyntaxDecodingError) -> TryStatement {
        var handlers: [TryStatement.Handler] = []
        for item in nodes(node["handlers"]) {
            handlers.append(
                TryStatement.Handler(
                    type: try optional(item["type"]), name: item["name"] as? String, body: try statements(item["body"])
                ))
        }
        return TryStatement(
            body: try statements(node["body"]), handlers: handlers, orElse: try statements(node["orelse"]),
            finally: try statements(node["finalbody"]))
    }

    private func function(_ node: JSONNode, isAsync: Bool) throws(SyntaxDecodingError) -> FunctionDefinition {
        FunctionDefinition(
            name: node["name"] as? String ?? "", parameters: try parameters(node["args"]),
            body: try statements(node["body"]), decorators: try expressions(node["decorator_list"]), isAsync: isAsync)
    }

    private func aliases(_ value: Any?) -> [ImportAlias] {
        nodes(value).map { ImportAlias(name: $0["name"] as? String ?? "", alias: $0["asname"] as? String) }
    }

    private func cases(_ value: Any?) throws(SyntaxDecodingError) -> [MatchCase] {
        var result: [MatchCase] = []
        for node in nodes(value) {
            var captures: [String] = []
            var values: [Expression] = []
            if let pattern = node["pattern"] as? JSONNode { try collect(pattern, &captures, &values) }
            result.append(
                MatchCase(
                    captures: captures, values: values, condition: try optional(node["guard"]),
                    body: try statements(node["body"])))
        }
        return result
    }

    private func collect(
        _ pattern: JSONNode, _ captures: inout [String], _ values: inout [Expression]
    ) throws(SyntaxDecodingError) {
        for field in ["name", "rest"] {
            if let name = pattern[field] as? String { captures.append(name) }
        }
        for field in ["cls", "value"] where kind(pattern) != "MatchSingleton" {
            if let expression = try optional(pattern[field]) { values.append(expression) }
        }
        values += try expressions(pattern["keys"])
        if let inner = pattern["pattern"] as? JSONNode { try collect(inner, &captures, &values) }
        for inner in nodes(pattern["patterns"]) + nodes(pattern["kwd_patterns"]) {
            try collect(inner, &captures, &values)
        }
    }
}
