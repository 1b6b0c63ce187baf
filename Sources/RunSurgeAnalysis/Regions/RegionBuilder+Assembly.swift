extension RegionBuilder {
    func assemble(
        node: NodeID, line: Int, kind: String, scope: ScopeID, source: Expression, targets: [String],
        all: [(Variable, RegionVariable)], reads: Set<Variable>, evaluator: Evaluator, recordMutated: Bool
    ) -> Region {
        var variables: [RegionVariable] = []
        for (variable, var entry) in all.sorted(by: { $0.0.name < $1.0.name }) {
            let held = (evaluator.stored[variable.name] ?? []).union(evaluator.reach(evaluator.points[variable] ?? []))
            if entry.role != "writer" { entry.shares = shares(held) }
            variables.append(entry)
        }
        if kind != "for" {
            var result = RegionVariable(name: "", role: "result", liveOut: true)
            result.shares = shares(evaluator.stored[""] ?? [])
            if !result.shares.isEmpty { variables.append(result) }
        }
        let globals = all.map(\.0).filter { program.scopes[scope].globals.contains($0.name) }.map(\.name)
        let names = reads.filter { program.scopes[$0.scope].file == 0 }.map(\.name)
        return Region(
            node: node, line: line, kind: kind, generator: nil,
            scope: program.scopes[scope].kind == .module ? "module" : "function",
            sourceText: SourceText.render(source), target: targets, globals: Array(Set(globals)).sorted(),
            reads: Array(Set(names)).sorted(), variables: variables, streams: evaluator.effects.streams.sorted(),
            recordMutated: recordMutated, merge: RoleText.merge(kind, variables, evaluator.effects.streams),
            modules: evaluator.effects.modules.sorted())
    }

    private func shares(_ held: Objects) -> [String] {
        var result: Set<String> = []
        for object in held {
            switch object {
            case .record, .recordContent: result.insert("record")
            case .root(let variable), .content(let variable): result.insert(variable.name)
            case .site, .unknown: continue
            }
        }
        return result.sorted()
    }
}

/// Roles in words.
enum RoleText {
    static func describe(_ variable: RegionVariable) -> String {
        switch variable.role {
        case "list_append": "append: ordered concat"
        case "fold": "fold (\(variable.op ?? "Add")): integer sum or ordered replay"
        case "keyed_fold": "per-key sum"
        case "keyed_overwrite": "ordered update"
        case "keyed_append": "per-key concat"
        case "set_add": "insertion in first-seen order"
        case "last_value": variable.liveOut ? "last value" : "private"
        case "writer": "ordered log of writes"
        default: variable.role
        }
    }

    static func merge(_ kind: String, _ variables: [RegionVariable], _ streams: Set<String>) -> String {
        var parts = variables.filter { $0.role != "result" && ($0.role != "last_value" || $0.liveOut) }
            .map { "\($0.name): \(describe($0))" }
        parts += streams.sorted().map { "\($0): ordered log" }
        switch kind {
        case "listcomp": parts.insert("list: ordered concat", at: 0)
        case "setcomp": parts.insert("set: insertion in first-seen order", at: 0)
        case "dictcomp": parts.insert("dict: ordered update", at: 0)
        case "sum": parts.insert("sum: replay by the interpreter", at: 0)
        default: break
        }
        return parts.isEmpty ? "no effects" : parts.joined(separator: "; ")
    }
}
