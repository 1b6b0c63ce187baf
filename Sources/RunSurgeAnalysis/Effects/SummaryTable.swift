/// The effects of every function, method and lambda of a program, found together by iteration.
final class SummaryTable {
    let program: Program
    /// Functions and methods used as values.
    let escaping: Set<ScopeID>
    private(set) var effects: [ScopeID: Effects] = [:]
    /// What each function's own names may hold, for questions about aliases inside it.
    private(set) var solved: [ScopeID: Evaluator] = [:]
    private var clones: [Clone: Int] = [:]
    private var origin: [Int: Clone] = [:]

    private var clonesOfPlace: [Int: Int] = [:]
    private static let cloneDepth = 2
    private static let clonesOfOnePlace = 24

    private struct Clone: Hashable {
        let site: Int
        let call: NodeID
    }

    /// Places that make instances of script classes.
    private var instances: Set<Int> = []

    init(_ program: Program) {
        self.program = program
        escaping = program.escapingFunctions()
    }

    func noteInstance(_ site: Int) { instances.insert(site) }

    func isInstance(_ site: Int) -> Bool { instances.contains(site) }

    /// A place of allocation as seen from a call: two calls of one function make two objects.
    func clone(_ site: Int, at call: NodeID) -> Int {
        let key = Clone(site: site, call: call)
        if let known = clones[key] { return known }
        var depth = 0
        var current = site
        while let parent = origin[current] {
            if parent.call == call { return current }
            depth += 1
            current = parent.site
        }
        if depth >= Self.cloneDepth || clonesOfPlace[current, default: 0] >= Self.clonesOfOnePlace { return site }
        let made = -1 - clones.count
        clonesOfPlace[current, default: 0] += 1
        if instances.contains(site) { instances.insert(made) }
        clones[key] = made
        origin[made] = key
        return made
    }

    func solve() {
        let functions = program.scopes.filter { $0.kind == .function || $0.kind == .lambda }
        var isStable = false
        for _ in 0..<30 where !isStable {
            isStable = true
            for scope in functions {
                let evaluator = evaluate(scope)
                if effects[scope.id] != evaluator.effects {
                    effects[scope.id] = evaluator.effects
                    isStable = false
                }
                solved[scope.id] = evaluator
            }
        }
        if !isStable {
            for scope in functions {
                effects[scope.id]?.hazards.insert(
                    Hazard(code: "too_complex", line: 0, message: "effects are too complex to follow"))
            }
        }
        for module in program.moduleScopes { solved[module] = evaluate(program.scopes[module]) }
    }

    private func isNested(_ function: ScopeID, in scope: ScopeID) -> Bool {
        function != scope && program.isInside(function, scope)
    }

    private func evaluate(_ scope: Scope) -> Evaluator {
        let evaluator = Evaluator(program: program, summaries: self, ownedScopes: program.ownedScopes(of: scope.id))
        evaluator.solve {
            for name in scope.parameters?.names ?? [] {
                let variable = Variable(scope: scope.id, name: name)
                evaluator.assign(variable, [.root(variable)])
            }
            evaluator.run(scope.body, scope.id)
            // What is used as a value may be called at any time.
            for function in escaping.sorted() where scope.kind == .module || isNested(function, in: scope.id) {
                evaluator.callWithAnything(function)
            }
            if let value = scope.value { evaluator.effects.returns.formUnion(evaluator.evaluate(value, scope.id)) }
        }
        return evaluator
    }
}
