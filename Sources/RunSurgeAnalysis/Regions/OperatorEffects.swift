/// Special methods of script classes run without being named: they must be harmless wherever they may run.
struct OperatorEffects {
    private(set) var hazard: Hazard?
    /// What they read, which every chunk must have.
    private(set) var reads: Set<Variable> = []

    init(program: Program, summaries: SummaryTable) {
        // Whatever holds such a dict may make the factory run.
        for factory in program.factories() {
            reads.formUnion((summaries.effects[factory]?.allReads ?? []).filter(program.isModule))
        }
        for (name, scopes) in program.methods.sorted(by: { $0.key < $1.key }) where Overloads.implicit.contains(name) {
            // Iteration is seen where it happens.
            if name == "__iter__" || name == "__next__" { continue }
            for scope in scopes {
                guard let effects = summaries.effects[scope] else { continue }
                reads.formUnion(effects.allReads)
                let isOwnChange = Overloads.selfChanging.contains(name)
                let changesOthers = effects.mutations.keys.contains { object in
                    switch object {
                    case .root(let variable), .content(let variable):
                        return
                            !(isOwnChange && variable.scope == scope
                            && variable.name == program.scopes[scope].parameters?.positional.first)
                    default: return true
                    }
                }
                let givesShared = effects.returns.contains { object in
                    switch object {
                    case .root(let variable), .content(let variable): variable.scope != scope
                    default: false
                    }
                }
                if givesShared || effects.printsOrWrites || !effects.hazards.isEmpty || !effects.binds.isEmpty
                    || changesOthers
                {
                    let owner = program.scopes[scope].parent.map { program.scopes[$0].name } ?? "?"
                    hazard = Hazard(
                        code: "overloaded_operator", line: 0,
                        message: "\(owner).\(name) has effects or gives back a shared object",
                        variable: owner)
                }
            }
        }
    }
}
