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
        var changed: Set<ScopeID>?
        for _ in 0..<Self.mostRounds where changed?.isEmpty != true && !isExhausted {
            let before = changed
            changed = []
            for scope in functions {
                if let before, let known = solved[scope.id],
                    known.consulted.isDisjoint(with: before.union(changed ?? []))
                {
                    continue
                }
                let found = pruned(evaluate(scope), scope.id)
                guard effects[scope.id] != found else { continue }
                effects[scope.id] = found
                changed?.insert(scope.id)
            }
        }
        if changed?.isEmpty != true || isExhausted {
            isExhausted = true
            let hazard = Hazard(code: "too_complex", line: 0, message: "the flow of objects is too complex to follow")
            for scope in functions { effects[scope.id, default: Effects()].hazards.insert(hazard) }
        }
        for module in program.moduleScopes { _ = evaluate(program.scopes[module]) }
    }

    /// Without what is stored in objects that a caller can't reach; places are merged into one when they are many.
    private func pruned(_ evaluator: Evaluator, _ function: ScopeID) -> Effects {
        var effects = evaluator.effects
        var start = effects.returns
        for objects in effects.binds.values { start.formUnion(objects) }
        for object in effects.heap.keys {
            if case .site = object { continue }
            start.insert(object)
        }
        let reached = evaluator.reach(start)
        effects.heap = effects.heap.filter { reached.contains($0.key) }
        effects.rooted = effects.rooted.filter { reached.contains(.site($0)) }
        let places = reached.reduce(into: Set<Int>()) { if case .site(let site) = $1 { $0.insert(site) } }
        if places.count > Self.placesOfOneFunction { merged.insert(function) }
        return merged.contains(function) ? merge(places, of: function, in: effects) : effects
    }

    private static let placesOfOneFunction = 16
    private var merged: Set<ScopeID> = []

    private func merge(_ places: Set<Int>, of function: ScopeID, in effects: Effects) -> Effects {
        // Far below the numbers of clones.
        let one = Int.min / 2 + function
        if places.contains(where: isInstance) { instances.insert(one) }
        func merge(_ object: AbstractObject) -> AbstractObject {
            if case .site = object { .site(one) } else { object }
        }
        func merge(_ objects: Objects) -> Objects { Set(objects.map(merge)) }
        var result = effects
        result.returns = merge(effects.returns)
        result.binds = effects.binds.mapValues(merge)
        result.heap = [:]
        for (container, values) in effects.heap { result.heap[merge(container), default: []].formUnion(merge(values)) }
        result.rooted = effects.rooted.isEmpty ? [] : [one]
        return result
    }

    private func isNested(_ function: ScopeID, in scope: ScopeID) -> Bool {
        function != scope && program.isInside(function, scope)
    }

    /// Evaluates a function or module, going on from what is known of it.
    private func evaluate(_ scope: Scope) -> Evaluator {
        let evaluator =
            solved[scope.id]
            ?? Evaluator(program: program, summaries: self, ownedScopes: program.ownedScopes(of: scope.id))
        solved[scope.id] = evaluator
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

    // MARK: bounds

    private static let mostRounds = 40
    private static let mostWork = 4_000_000
    private var work = 0
    /// The program is beyond what is worth following: nothing of it is known.
    private(set) var isExhausted = false

    /// Counts objects visited, so that the time of an analysis is bounded whatever the program.
    func spend(_ objects: Int) {
        work += objects + 1
        if work > Self.mostWork { isExhausted = true }
    }
}
