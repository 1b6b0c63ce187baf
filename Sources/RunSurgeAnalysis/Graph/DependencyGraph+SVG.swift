extension DependencyGraph {
    /// The graph as a drawing: statements from top to bottom, dependences as arcs on their right.
    public var svg: String {
        let rowHeight = 26
        let textWidth = 460
        let height = statements.count * rowHeight + 20
        let arcs = bundles.filter { $0.kind != .anti }
        let width = textWidth + 320
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" font-family=\"monospace\" font-size=\"12\">"
        ]
        for statement in statements {
            let y = statement.index * rowHeight + 24
            lines.append("<text x=\"8\" y=\"\(y)\">\(statement.line): \(Self.escapeXML(statement.text))</text>")
        }
        for arc in arcs {
            let from = arc.from * rowHeight + 20
            let to = arc.to * rowHeight + 20
            let reach = textWidth + 20 + min(280, (arc.to - arc.from) * 12 + 12)
            let color =
                switch arc.kind {
                case .flow: "#333"
                case .output: "#36c"
                case .anti: "#999"
                case .carried: "#c33"
                }
            let end = arc.from == arc.to ? to + 8 : to
            lines.append(
                "<path d=\"M\(textWidth) \(from) C\(reach) \(from) \(reach) \(end) \(textWidth) \(end)\" fill=\"none\" stroke=\"\(color)\">"
                    + "<title>\(arc.kind.rawValue): \(Self.escapeXML(arc.names.joined(separator: ", ")))</title></path>"
            )
        }
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escapeXML(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
