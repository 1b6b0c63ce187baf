import Foundation

typealias JSONNode = [String: Any]

/// Turns JSON nodes of one file into typed syntax. A kind it does not know becomes `.unknown`,
/// which the analysis takes for unknown effects.
struct NodeDecoder {
    let base: Int

    func identifier(_ node: JSONNode) throws(SyntaxDecodingError) -> NodeID {
        guard let index = node["i"] as? Int, index >= 0, index < PythonSyntax.fileStride else {
            throw SyntaxDecodingError(message: "a node without an index")
        }
        return base + index
    }

    func span(_ node: JSONNode) -> Span {
        guard let line = node["l"] as? Int else { return .none }
        return Span(
            line: line, column: node["c"] as? Int ?? 0, endLine: node["el"] as? Int ?? line,
            endColumn: node["ec"] as? Int ?? 0)
    }

    func nodes(_ value: Any?) -> [JSONNode] { value as? [JSONNode] ?? [] }

    func strings(_ value: Any?) -> [String] { value as? [String] ?? [] }

    func kind(_ node: JSONNode) -> String { node["k"] as? String ?? "?" }
}
