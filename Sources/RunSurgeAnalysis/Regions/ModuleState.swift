/// Names of own modules that change after the import, or whose value may differ from one import to the next:
/// a chunk that imports the module anew would not see the same.
final class ModuleState {
    private let program: Program
    private let summaries: SummaryTable
    private var changed: [Variable: String] = [:]
    private var known: [Variable: String?] = [:]

    init(program: Program, summaries: SummaryTable) {
        self.program = program
        self.summaries = summaries
        for variable in program.bindings.keys
        where program.isModule(variable) && program.scopes[variable.scope].file != 0 {
            if (program.bindings[variable]?.count ?? 0) > 1 {
                changed[variable] = "\(variable.name) is assigned more than once"
            }
        }
        for (scope, evaluator) in summaries.solved
        where program.scopes[scope].kind != .module || program.scopes[scope].file == 0 {
            for variable in evaluator.effects.binds.keys {
                changed[variable] = "\(variable.name) is assigned by a function"
            }
            for object in evaluator.effects.mutations.keys {
                switch object {
                case .root(let variable), .content(let variable): noteChange(variable)
                default: continue
                }
            }
        }
    }

    /// A name of the script may stand for one of an own module.
    private func noteChange(_ variable: Variable) {
        changed[variable] = "\(variable.name) of an own module is changed"
        if let origin = program.definition(variable)?.variable, origin != variable {
            changed[origin] = "\(variable.name) of an own module is changed"
        }
    }

    /// Why an own module's variable may not be read in a chunk.
    func reason(_ variable: Variable) -> String? {
        if let reason = changed[variable] { return reason }
        if let reason = known[variable] { return reason }
        known[variable] = .some(nil)
        let reason = impurity(variable)
        known[variable] = .some(reason)
        return reason
    }

    private func impurity(_ variable: Variable) -> String? {
        switch program.bindings[variable]?.first {
        case .function, .lambda, .classDefinition, .module, .importedName: return nil
        case .value(let value): return impurity(value, variable)
        case .opaque: return "\(variable.name) of an own module is not a plain assignment"
        case nil:
            return ["__name__", "__file__", "__doc__"].contains(variable.name)
                ? nil : "\(variable.name) is not assigned"
        }
    }

    private func impurity(_ value: Expression, _ variable: Variable) -> String? {
        let owned = program.scopes.filter { $0.kind == .lambda || $0.kind == .comprehension }.map(\.id)
        let evaluator = Evaluator(program: program, summaries: summaries, ownedScopes: Set(owned))
        evaluator.solve { _ = evaluator.evaluate(value, variable.scope) }
        let effects = evaluator.effects
        if let hazard = effects.hazards.min(by: { $0.message < $1.message }) {
            return "\(variable.name) may be another in another process: \(hazard.message)"
        }
        if effects.printsOrWrites || !effects.mutations.isEmpty { return "making \(variable.name) has effects" }
        return effects.allReads.sorted { $0.name < $1.name }.lazy.compactMap { self.reason($0) }.first
    }
}
