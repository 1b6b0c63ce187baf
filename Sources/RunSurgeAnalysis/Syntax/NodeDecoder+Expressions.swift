import Foundation

extension NodeDecoder {
    func expressions(_ value: Any?) throws(SyntaxDecodingError) -> [Expression] {
        var result: [Expression] = []
        for node in nodes(value) { result.append(try expression(node)) }
        return result
    }

    func optional(_ value: Any?) throws(SyntaxDecodingError) -> Expression? {
        guard let node = value as? JSONNode else { return nil }
        return try expression(node)
    }

    func required(_ value: Any?) throws(SyntaxDecodingError) -> Expression {
        guard let node = value as? JSONNode else { throw SyntaxDecodingError(message: "an expression is missing") }
        return try expression(node)
    }

    /// `None` stands in lists of optional expressions (dict keys, keyword defaults).
    func optionals(_ value: Any?) throws(SyntaxDecodingError) -> [Expression?] {
        var result: [Expression?] = []
        for item in value as? [Any] ?? [] { result.append(try optional(item)) }
        return result
    }

    func expression(_ node: JSONNode) throws(SyntaxDecodingError) -> Expression {
        Expression(id: try identifier(node), span: span(node), kind: try expressionKind(node))
    }

    private func expressionKind(_ node: JSONNode) throws(SyntaxDecodingError) -> Expression.Kind {
        switch kind(node) {
        case "Name": return .name(node["id"] as? String ?? "")
        case "Constant": return .constant(constant(node["value"]))
        case "Attribute": return .attribute(try required(node["value"]), node["attr"] as? String ?? "")
        case "Subscript": return .item(try required(node["value"]), try required(node["slice"]))
        case "Slice":
            return .slice(try optional(node["lower"]), try optional(node["upper"]), try optional(node["step"]))
        case "Call":
            return .call(try required(node["func"]), try expressions(node["args"]), try keywords(node["keywords"]))
        case "BinOp":
            return .binary(try required(node["left"]), node["op"] as? String ?? "", try required(node["right"]))
        case "UnaryOp": return .unary(node["op"] as? String ?? "", try required(node["operand"]))
        case "BoolOp": return .boolean(node["op"] as? String ?? "", try expressions(node["values"]))
        case "Compare":
            return .compare(
                try required(node["left"]), strings(node["ops"]), try expressions(node["comparators"]))
        case "IfExp":
            return .conditional(
                test: try required(node["test"]), then: try required(node["body"]),
                otherwise: try required(node["orelse"]))
        case "Lambda": return .lambda(try parameters(node["args"]), try required(node["body"]))
        case "List": return .list(try expressions(node["elts"]))
        case "Tuple": return .tuple(try expressions(node["elts"]))
        case "Set": return .set(try expressions(node["elts"]))
        case "Dict": return .dict(try optionals(node["keys"]), try expressions(node["values"]))
        case "ListComp", "SetComp", "GeneratorExp", "DictComp": return try comprehension(node)
        case "Starred": return .starred(try required(node["value"]))
        case "NamedExpr": return .named(try required(node["target"]), try required(node["value"]))
        case "JoinedStr": return .formatted(try expressions(node["values"]))
        case "FormattedValue":
            return .formattedValue(
                try required(node["value"]), conversion: node["conversion"] as? Int ?? -1,
                format: try optional(node["format_spec"]))
        case "Yield": return .yield(try optional(node["value"]))
        case "YieldFrom": return .yield(try required(node["value"]))
        case "Await": return .await(try required(node["value"]))
        default: return .unknown(kind(node))
        }
    }

    private func comprehension(_ node: JSONNode) throws(SyntaxDecodingError) -> Expression.Kind {
        var generators: [Generator] = []
        for item in nodes(node["generators"]) {
            generators.append(
                Generator(
                    target: try required(item["target"]), iterable: try required(item["iter"]),
                    conditions: try expressions(item["ifs"]), isAsync: (item["is_async"] as? Int ?? 0) != 0))
        }
        switch kind(node) {
        case "DictComp":
            return .comprehension(
                .dict, element: try required(node["key"]), value: try required(node["value"]), generators)
        case "ListComp": return .comprehension(.list, element: try required(node["elt"]), value: nil, generators)
        case "SetComp": return .comprehension(.set, element: try required(node["elt"]), value: nil, generators)
        default: return .comprehension(.generator, element: try required(node["elt"]), value: nil, generators)
        }
    }

    func keywords(_ value: Any?) throws(SyntaxDecodingError) -> [Keyword] {
        var result: [Keyword] = []
        for node in nodes(value) {
            result.append(Keyword(name: node["arg"] as? String, value: try required(node["value"])))
        }
        return result
    }

    func parameters(_ value: Any?) throws(SyntaxDecodingError) -> Parameters {
        let node = value as? JSONNode ?? [:]
        var annotations: [Expression] = []
        func name(_ argument: JSONNode?) throws(SyntaxDecodingError) -> String? {
            guard let argument else { return nil }
            if let annotation = try optional(argument["annotation"]) { annotations.append(annotation) }
            return argument["arg"] as? String
        }
        func names(_ list: Any?) throws(SyntaxDecodingError) -> [String] {
            var result: [String] = []
            for item in nodes(list) { result.append(try name(item) ?? "") }
            return result
        }
        let positional = try names(node["posonlyargs"]) + names(node["args"])
        let variadic = try name(node["vararg"] as? JSONNode)
        let keywordOnly = try names(node["kwonlyargs"])
        let keywordVariadic = try name(node["kwarg"] as? JSONNode)
        return Parameters(
            positional: positional, variadic: variadic, keywordOnly: keywordOnly, keywordVariadic: keywordVariadic,
            defaults: try expressions(node["defaults"]), keywordDefaults: try optionals(node["kw_defaults"]),
            annotations: annotations)
    }

    func constant(_ value: Any?) -> Constant {
        guard let entry = value as? JSONNode, let type = entry["t"] as? String else { return .other }
        let text = entry["cut"] == nil ? entry["v"] as? String : nil
        switch type {
        case "None": return .none
        case "Ellipsis": return .ellipsis
        case "True": return .bool(true)
        case "False": return .bool(false)
        case "int": return .int(text ?? "")
        case "float": return .float(text ?? "")
        case "str": return .string(text)
        case "bytes": return .bytes
        default: return .other
        }
    }
}
