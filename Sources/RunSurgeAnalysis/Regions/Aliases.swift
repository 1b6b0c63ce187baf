/// Answers whether an accumulator may be reached through another name.
struct Aliases {
    let program: Program
    let summaries: SummaryTable
    let home: ScopeID
    let callers: CallGraph
    private var solved: Evaluator? { summaries.solved[home] }

    init(program: Program, summaries: SummaryTable, home: ScopeID, callers: CallGraph) {
        self.program = program
        self.summaries = summaries
        self.home = home
        self.callers = callers
    }

    func own(_ variable: Variable) -> Objects {
        guard let solved, solved.owns(variable) else { return expand([.root(variable)]) }
        return expand(solved.points[variable] ?? [])
    }

    /// What a variable that holds containers by key holds, with these containers. What is in the containers in turn
    /// is not changed; reading an item is followed so roughly that it seems to lie beside them.
    func ownWithInner(_ variable: Variable) -> Objects {
        guard let solved else { return [.unknown] }
        func containers(_ evaluator: Evaluator, _ held: Objects) -> Objects {
            let inner = evaluator.elements(held)
            guard inner.count <= 64 else { return inner }
            return inner.filter { !evaluator.contents(inner.subtracting([$0])).contains($0) }
        }
        let start: Objects = solved.owns(variable) ? solved.points[variable] ?? [] : [.root(variable)]
        var found = start.union(containers(solved, start))
        for case .root(let outer) in start where program.isModule(outer) {
            // What the module put there is known better than as anything reachable.
            guard let owner = summaries.solved[outer.scope], owner.owns(outer) else { continue }
            found.remove(.content(outer))
            found.formUnion(containers(owner, owner.points[outer] ?? []))
        }
        return expand(found)
    }

    func reach(_ variable: Variable) -> Objects {
        guard let solved else { return [.unknown] }
        let start: Objects = solved.owns(variable) ? solved.points[variable] ?? [] : [.root(variable)]
        return expand(solved.reach(start))
    }

    /// Two names may be one object, or one may be inside the other.
    func mayReach(_ accumulator: Objects, from others: Objects) -> Bool { !accumulator.isDisjoint(with: others) }

    /// Replaces parameters by what callers gave, globals by what the module put there.
    private func expand(_ objects: Objects) -> Objects {
        var seen: Objects = []
        var work = Array(objects)
        while let object = work.popLast() {
            guard seen.insert(object).inserted else { continue }
            switch object {
            case .root(let variable): work += outside(variable, reached: false)
            case .content(let variable): work += outside(variable, reached: true)
            default: continue
            }
        }
        return seen
    }

    private func outside(_ variable: Variable, reached: Bool) -> [AbstractObject] {
        let scope = program.scopes[variable.scope]
        if scope.parameters?.names.contains(variable.name) == true {
            guard let record = callers.records[variable.scope], !callers.escaping.contains(variable.scope) else {
                return [.unknown]
            }
            return Array((reached ? record.reached : record.own)[variable.name] ?? [])
        }
        guard let owner = summaries.solved[scope.kind == .module ? variable.scope : program.home(of: variable.scope)],
            owner.owns(variable)
        else { return [] }
        let held = owner.points[variable] ?? []
        return Array(reached ? owner.contents(held) : held)
    }
}
