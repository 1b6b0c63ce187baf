import Foundation

/// From a script's syntax tree to its plan. Pure: no files are read and nothing is executed.
public enum ScriptAnalyser {
    /// Decides for every loop, comprehension and reduction call of the script whether it can be split.
    ///
    /// - Parameter syntaxJSON: what `export.py` wrote, the script first, its own modules after it.
    /// - Throws: `AnalysisError` when that is not an export. A script that does not parse gives a plan
    ///   without regions, so that Python itself prints the error.
    public static func analyse(syntaxJSON: [UInt8]) throws(AnalysisError) -> Plan {
        try analysis(syntaxJSON: syntaxJSON).plan
    }

    static func analysis(syntaxJSON: [UInt8]) throws(AnalysisError) -> Analysis {
        let export: SyntaxExport
        do {
            export = try PythonSyntax.decode(Data(syntaxJSON))
        } catch {
            throw AnalysisError(message: error.message)
        }
        return Analysis(export)
    }
}

/// A plan with what it was derived from.
struct Analysis {
    let export: SyntaxExport
    let plan: Plan
    let graph: DependencyGraph

    init(_ export: SyntaxExport) {
        self.export = export
        if let failed = export.files.first(where: { $0.error != nil }), let error = failed.error {
            plan = Plan(wholeScriptReason: "\(failed.module.map { "module \($0)" } ?? "the script"): \(error)")
            graph = DependencyGraph(statements: [], edges: [])
            return
        }
        let program = Program(export)
        let summaries = SummaryTable(program)
        var plan = Plan(wholeScriptReason: WholeScriptRules(program: program).reason)
        if plan.wholeScriptReason == nil { summaries.solve() }
        let search = LoopSearch(program: program, summaries: summaries)
        (plan.regions, plan.verdicts) = search.run(wholeScriptReason: plan.wholeScriptReason)
        FileScan(program: program).fill(&plan)
        self.plan = plan
        graph = DependencyGraph(program: program, summaries: summaries)
    }
}
