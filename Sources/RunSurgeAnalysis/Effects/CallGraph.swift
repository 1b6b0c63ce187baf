/// Who calls what with which arguments, over the whole program.
struct CallGraph {
    private(set) var records: [ScopeID: CallRecord] = [:]
    let escaping: Set<ScopeID>

    init(program: Program, summaries: SummaryTable) {
        escaping = summaries.escaping
        for evaluator in summaries.solved.values {
            for (function, record) in evaluator.calls {
                var merged = records[function] ?? CallRecord()
                merged.own.merge(record.own) { $0.union($1) }
                merged.reached.merge(record.reached) { $0.union($1) }
                records[function] = merged
            }
        }
    }
}

extension Program {
    /// Functions and methods used as values: anything may call them, with anything.
    func escapingFunctions() -> Set<ScopeID> {
        var escaping: Set<ScopeID> = []
        var called: Set<NodeID> = []
        forEachExpression { expression, _ in
            if case .call(let function, _, _) = expression.kind { called.insert(function.id) }
        }
        forEachExpression { expression, _ in
            guard case .attribute(_, let name) = expression.kind, !called.contains(expression.id) else { return }
            if properties[name] == nil { escaping.formUnion(methods[name] ?? []) }
        }
        for (variable, all) in bindings {
            let isValue = (occurrences[variable] ?? []).contains { $0.mode == .load && !called.contains($0.node) }
            guard isValue else { continue }
            for binding in all {
                if case .function(let scope) = binding { escaping.insert(scope) }
            }
        }
        for (name, scopes) in methods where Overloads.implicit.contains(name) { escaping.formUnion(scopes) }
        return escaping
    }

    /// Functions that make what a missing key of a defaultdict, or a field of a dataclass, begins with.
    func factories() -> Set<ScopeID> {
        var result: Set<ScopeID> = []
        forEachExpression { expression, scope in
            guard case .call(let function, let arguments, let keywords) = expression.kind else { return }
            var given = keywords.filter { $0.name == "default_factory" }.map(\.value)
            switch function.kind {
            case .name("defaultdict"), .attribute(_, "defaultdict"): given += arguments.prefix(1)
            default: break
            }
            for factory in given {
                if let inner = scopeOfNode[factory.id], scopes[inner].kind == .lambda { result.insert(inner) }
                guard let name = factory.name, let variable = resolve(name, in: scope) else { continue }
                switch definition(variable)?.binding {
                case .function(let inner), .lambda(let inner): result.insert(inner)
                case .value(let value): if let inner = scopeOfNode[value.id] { result.insert(inner) }
                default: continue
                }
            }
        }
        return result
    }
}
