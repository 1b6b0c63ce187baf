extension DependencyGraph {
    /// The graph in Graphviz's language; edges between the same two statements are one, labelled with all names.
    public var dot: String {
        var lines = ["digraph script {", "    rankdir=TB;", "    node [shape=box, fontname=\"monospace\"];"]
        for statement in statements {
            lines.append("    s\(statement.index) [label=\"\(statement.line): \(Self.escape(statement.text))\"];")
        }
        for bundle in bundles {
            let style =
                switch bundle.kind {
                case .flow: "color=black"
                case .anti: "color=gray, style=dashed"
                case .output: "color=blue, style=dashed"
                case .carried: "color=red"
                }
            let names = Self.escape(bundle.names.joined(separator: ", "))
            lines.append("    s\(bundle.from) -> s\(bundle.to) [label=\"\(names)\", \(style)];")
        }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Edges of one kind between two statements, with all their names.
    struct Bundle {
        let from: Int
        let to: Int
        let kind: Kind
        var names: [String]
    }

    var bundles: [Bundle] {
        var result: [Bundle] = []
        for edge in edges {
            if let last = result.indices.last, result[last].from == edge.from, result[last].to == edge.to,
                result[last].kind == edge.kind
            {
                result[last].names.append(edge.name)
            } else {
                result.append(Bundle(from: edge.from, to: edge.to, kind: edge.kind, names: [edge.name]))
            }
        }
        return result
    }

    private static func escape(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
    }
}
