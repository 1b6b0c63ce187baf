/// A plan with what it was derived from.
struct Analysis {
    let export: SyntaxExport
    let plan: Plan
    /// `nil` when a file does not parse.
    private let program: Program?
    private static let tooComplex = "the flow of objects is too complex to follow"

    init(_ export: SyntaxExport) {
        self.export = export
        if let failed = export.files.first(where: { $0.error != nil }), let error = failed.error {
            plan = Plan(wholeScriptReason: "\(failed.module.map { "module \($0)" } ?? "the script"): \(error)")
            program = nil
            return
        }
        let program = Program(export)
        self.program = program
        plan = Self.plan(program)
    }

    private static func plan(_ program: Program) -> Plan {
        let summaries = SummaryTable(program)
        var plan = Plan(wholeScriptReason: WholeScriptRules(program: program).reason)
        FileScan(program: program).fill(&plan)
        if plan.wholeScriptReason == nil {
            summaries.solve()
            if summaries.isExhausted { plan.wholeScriptReason = tooComplex }
        }
        let search = LoopSearch(program: program, summaries: summaries)
        (plan.regions, plan.verdicts) = search.run(wholeScriptReason: plan.wholeScriptReason)
        if plan.wholeScriptReason == nil, summaries.isExhausted {
            // Facts found while there was no more work to spend are worth nothing.
            plan.wholeScriptReason = tooComplex
            (plan.regions, plan.verdicts) = search.run(wholeScriptReason: plan.wholeScriptReason)
        }
        return plan
    }

    /// The dependences of the script's top-level statements.
    func graph() -> DependencyGraph {
        guard let program else { return DependencyGraph(statements: [], edges: [], isComplete: false) }
        let summaries = SummaryTable(program)
        summaries.solve()
        return DependencyGraph(program: program, summaries: summaries)
    }
}
