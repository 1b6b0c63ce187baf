/// Walks the script for its loops and gives each a verdict; those that can be split become regions.
final class LoopSearch {
    private let program: Program
    private let builder: RegionBuilder
    private var regions: [Region] = []
    private var verdicts: [Verdict] = []
    /// Generator expressions that a call consumes, which have their verdict already.
    private var consumed: Set<NodeID> = []
    private var wholeScriptReason: String?

    init(program: Program, summaries: SummaryTable) {
        self.program = program
        self.builder = RegionBuilder(
            program: program, summaries: summaries, callers: CallGraph(program: program, summaries: summaries),
            operators: OperatorEffects(program: program, summaries: summaries),
            state: ModuleState(program: program, summaries: summaries), liveness: Liveness(program: program))
    }

    func run(wholeScriptReason: String?) -> ([Region], [Verdict]) {
        self.wholeScriptReason = wholeScriptReason
        regions = []
        verdicts = []
        consumed = []
        visit(program.export.files[0].body, program.moduleScopes[0])
        verdicts.sort { ($0.line, $0.node) < ($1.line, $1.node) }
        regions.sort { $0.node < $1.node }
        return (regions, verdicts)
    }

    private func visit(_ statements: [Statement], _ scope: ScopeID) {
        for statement in statements { visit(statement, scope) }
    }

    private func visit(_ statement: Statement, _ scope: ScopeID) {
        for expression in statement.expressions { visit(expression, scope) }
        switch statement.kind {
        case .forLoop(let loop):
            let place = Place(
                node: statement.id, span: statement.span, kind: "for", source: loop.iterable, scope: scope)
            decide(place) { () throws(RegionBuilder.Refusal) in try builder.region(statement, loop, scope) }
        case .whileLoop(let test, _, _):
            let place = Place(node: statement.id, span: statement.span, kind: "while", source: test, scope: scope)
            decide(place) { () throws(RegionBuilder.Refusal) in
                throw RegionBuilder.Refusal(
                    hazard: Hazard(
                        code: "while", line: statement.span.line,
                        message: "a while loop has no source that could be cut"))
            }
        default: break
        }
        let inner = program.scopeOfNode[statement.id] ?? scope
        for block in statement.blocks { visit(block, inner) }
    }

    private func visit(_ expression: Expression, _ scope: ScopeID) {
        var inner = scope
        switch expression.kind {
        case .call:
            if let reduction = Reduction(expression, program: program, scope: scope) {
                consumed.insert(reduction.generator.id)
                comprehension(expression, kind: reduction.kind, reduction.generator, scope)
            }
        case .comprehension(let kind, _, _, _):
            if kind != .generator {
                comprehension(expression, kind: kind.rawValue, expression, scope)
            } else if !consumed.contains(expression.id) {
                lazy(expression, scope)
            }
            inner = program.scopeOfNode[expression.id] ?? scope
        case .lambda: inner = program.scopeOfNode[expression.id] ?? scope
        default: break
        }
        let outside = program.outerParts(of: expression)
        for child in expression.children { visit(child, outside.contains(child.id) ? scope : inner) }
    }

    private func comprehension(_ node: Expression, kind: String, _ inner: Expression, _ scope: ScopeID) {
        guard case .comprehension(_, _, _, let generators) = inner.kind, let first = generators.first else { return }
        let place = Place(node: node.id, span: node.span, kind: kind, source: first.iterable, scope: scope)
        decide(place) { () throws(RegionBuilder.Refusal) in
            try builder.region(node, kind: kind, comprehension: inner, scope)
        }
    }

    private func lazy(_ expression: Expression, _ scope: ScopeID) {
        guard case .comprehension(_, _, _, let generators) = expression.kind, let first = generators.first else {
            return
        }
        let place = Place(
            node: expression.id, span: expression.span, kind: "genexp", source: first.iterable, scope: scope)
        decide(place) { () throws(RegionBuilder.Refusal) in
            throw RegionBuilder.Refusal(
                hazard: Hazard(
                    code: "lazy", line: expression.span.line,
                    message: "a generator expression that is not reduced at once"))
        }
    }

    // MARK: verdicts

    private struct Place {
        let node: NodeID
        let span: Span
        let kind: String
        let source: Expression
        let scope: ScopeID
    }

    private func decide(_ place: Place, _ prove: () throws(RegionBuilder.Refusal) -> Region) {
        var verdict = Verdict(
            line: place.span.line, endLine: place.span.endLine, node: place.node, kind: place.kind, parallel: false,
            source: SourceDescription(program: program).describe(place.source, place.scope), merge: nil, reason: nil,
            reasonCode: nil, variable: nil, reasonLine: nil, roles: [:], reads: [])
        defer { verdicts.append(verdict) }
        if let wholeScriptReason {
            verdict.reason = wholeScriptReason
            verdict.reasonCode = "whole_script"
            return
        }
        do throws(RegionBuilder.Refusal) {
            let region = try prove()
            regions.append(region)
            verdict.parallel = true
            verdict.merge = region.merge
            verdict.reads = region.reads
            for variable in region.variables where !variable.name.isEmpty {
                verdict.roles[variable.name] = RoleText.describe(variable)
            }
        } catch {
            verdict.reason = error.hazard.message
            verdict.reasonCode = error.hazard.code
            verdict.variable = error.hazard.variable
            verdict.reasonLine = error.hazard.line
        }
    }
}
