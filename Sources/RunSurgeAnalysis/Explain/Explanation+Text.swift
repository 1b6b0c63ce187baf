extension Explanation {
    /// The explanation for a terminal: verdicts, files, modules and the graph of top-level statements.
    public var text: String {
        var lines = ["\(script) (python \(python))"]
        if let reason = plan.wholeScriptReason { lines.append("runs whole: \(reason)") }
        let split = plan.verdicts.count { $0.parallel }
        lines.append("\(plan.verdicts.count) loops, \(split) can be split")
        for verdict in plan.verdicts { lines += describe(verdict) }
        lines += list("inputs", plan.inputPaths + plan.inputPatterns)
        lines += list("writes", plan.writtenPaths + (plan.writesUnknownPaths ? ["other files"] : []))
        lines += list("environment", plan.environmentVariables)
        lines += list("imports", plan.imports)
        lines += graphLines
        return lines.joined(separator: "\n") + "\n"
    }

    private func list(_ title: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["\(title): \(items.joined(separator: ", "))"]
    }

    private func describe(_ verdict: Verdict) -> [String] {
        let head = "  line \(verdict.line): \(verdict.kind) over \(verdict.source)"
        guard verdict.parallel else { return ["\(head): stays whole", "      \(reason(verdict))"] }
        var lines = ["\(head): split", "      merge: \(verdict.merge ?? "")"]
        if !verdict.reads.isEmpty { lines.append("      reads: \(verdict.reads.joined(separator: ", "))") }
        return lines
    }

    private func reason(_ verdict: Verdict) -> String {
        var text = verdict.reason ?? "no reason"
        if let line = verdict.reasonLine, line > 0 {
            text += " (line \(line)" + (verdict.variable.map { ", \($0))" } ?? ")")
        }
        return text
    }

    private var graphLines: [String] {
        guard !graph.statements.isEmpty else { return [] }
        var lines = [graph.isComplete ? "dependences:" : "dependences (not all could be followed):"]
        let byTarget = Dictionary(grouping: graph.bundles, by: \.to)
        for statement in graph.statements {
            let incoming = (byTarget[statement.index] ?? []).map { bundle in
                let names = bundle.names.joined(separator: ", ")
                return bundle.kind == .carried
                    ? "carries \(names)" : "\(graph.statements[bundle.from].line) \(bundle.kind.rawValue) \(names)"
            }
            let suffix = incoming.isEmpty ? "" : "  <- \(incoming.joined(separator: "; "))"
            lines.append("  \(statement.line): \(statement.text)\(suffix)")
        }
        return lines
    }
}
