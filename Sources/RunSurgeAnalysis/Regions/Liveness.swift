/// Whether a name assigned in a loop may be read after it.
struct Liveness {
    private let program: Program
    /// Pieces of code that bind a name before they run.
    private var binders: [Variable: [NodeRange]] = [:]
    private var exposed: [Variable: [Exposure]] = [:]

    init(program: Program) {
        self.program = program
        program.forEachStatement { statement, scope in
            switch statement.kind {
            case .forLoop(let loop): note(loop.target, loop.body, scope)
            case .tryExcept(let attempt):
                for handler in attempt.handlers {
                    if let name = handler.name { note(name, handler.body, scope) }
                }
            case .with(let items, let body, _):
                if items.count == 1, let target = items[0].target { note(target, body, scope) }
            default: return
            }
        }
        findExposed()
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

    /// For every use of a variable that may see an older value: the smallest piece of code around it that binds
    /// the variable first.
    private mutating func findExposed() {
        for (variable, uses) in program.occurrences {
            let ranges = (binders[variable] ?? []).sorted { $0.first < $1.first }
            var next = 0
            var open: [NodeRange] = []
            exposed[variable] = uses.filter { $0.mode != .store }.sorted { $0.node < $1.node }.map { use in
                while next < ranges.count, ranges[next].first <= use.node {
                    open.append(ranges[next])
                    next += 1
                }
                while let last = open.last, last.last < use.node { open.removeLast() }
                return Exposure(node: use.node, binder: use.scope == variable.scope ? open.last : nil)
            }
        }
    }

    private struct Exposure {
        let node: NodeID
        let binder: NodeRange?
    }

    /// Whether code outside of `range` may see what `variable` holds at its end.
    func isLive(_ variable: Variable, outside range: NodeRange) -> Bool {
        (exposed[variable] ?? []).contains { use in
            guard !range.contains(use.node) else { return false }
            // A binder around the range as well does not bind anew between the range and the use.
            return use.binder.map { $0.contains(range.first) } ?? true
        }
    }
}
