/// Whether a name assigned in a loop may be read after it.
struct Liveness {
    private let program: Program
    /// Pieces of code that bind a name before they run.
    private var binders: [Variable: [NodeRange]] = [:]

    init(program: Program) {
        self.program = program
        program.forEachStatement { statement, scope in
            switch statement.kind {
            case .forLoop(let loop): note(loop.target, loop.body, scope)
            case .tryExcept(let attempt):
                for handler in attempt.handlers {
                    if let name = handler.name { note(name, handler.body, scope) }
                }
            case .with(let items, let body, _): if items.count == 1, let target = items[0].target { note(target, body, scope) }
            default: return
            }
        }
    }

    private mutating func note(_ target: Expression, _ body: [Statement], _ scope: ScopeID) {
        switch target.kind {
        case .name(let name): note(name, body, scope)
        case .tuple(let items), .list(let items): for item in items { note(item, body, scope) }
        case .starred(let inner): note(inner, body, scope)
        default: return
        }
    }

    private mutating func note(_ name: String, _ body: [Statement], _ scope: ScopeID) {
        guard let variable = program.resolve(name, in: scope), !body.isEmpty else { return }
        binders[variable, default: []].append(NodeRange(body))
    }

    /// Whether code outside of `range` may see what `variable` holds at its end.
    func isLive(_ variable: Variable, outside range: NodeRange) -> Bool {
        let others = (binders[variable] ?? []).filter { !$0.contains(range.first) }
        return (program.occurrences[variable] ?? []).contains { use in
            guard use.mode != .store, !range.contains(use.node) else { return false }
            return use.scope != variable.scope || !others.contains { $0.contains(use.node) }
        }
    }
}
