/// Evaluates a piece of code abstractly: what its names may hold, what it reads, changes, emits.
///
/// The code is walked without regard to order until nothing new is found; names the code owns start
/// empty, every other name holds its root. Calls of the program's functions are taken from summaries.
final class Evaluator {
    let program: Program
    let summaries: SummaryTable
    /// Scopes whose names belong to this code, whatever the name.
    let ownedScopes: Set<ScopeID>
    /// Further names that belong to this code.
    let ownedNames: Set<Variable>
    /// Statements that were recognised as feeding an accumulator: their effect on it is known.
    let accepted: [NodeID: AcceptedSite]
    var points: [Variable: Objects] = [:]
    var heap: [AbstractObject: Objects] = [:]
    var effects = Effects()
    /// What each accumulator may come to hold.
    var stored: [String: Objects] = [:]
    var calls: [ScopeID: CallRecord] = [:]
    /// Lambdas of this code: those being run, those run in this pass, and what each was seen to give.
    var inlining: Set<ScopeID> = []
    var inlined: Set<ScopeID> = []
    var lambdaResults: [ScopeID: Objects] = [:]
    /// Functions whose summaries were looked at.
    private(set) var consulted: Set<ScopeID> = []
    var changed = false
    var line = 0
    /// A name that holds a key which a dictionary is known to have.
    var knownKey: (dictionary: Variable, key: Variable)?

    init(
        program: Program, summaries: SummaryTable, ownedScopes: Set<ScopeID>, ownedNames: Set<Variable> = [],
        accepted: [NodeID: AcceptedSite] = [:]
    ) {
        self.program = program
        self.summaries = summaries
        self.ownedScopes = ownedScopes
        self.ownedNames = ownedNames
        self.accepted = accepted
    }

    /// Runs `walk` until the points-to facts are stable; effects are those of the last pass.
    func solve(_ walk: () -> Void) {
        for round in 0..<24 {
            changed = false
            effects = Effects()
            calls = [:]
            inlined = []
            walk()
            if !changed || summaries.isExhausted { break }
            if round == 23 { hazard("too_complex", "the flow of objects is too complex to follow") }
        }
        effects.heap = heap
    }

    func summary(_ function: ScopeID) -> Effects? {
        consulted.insert(function)
        return summaries.effects[function]
    }

    func owns(_ variable: Variable) -> Bool {
        ownedScopes.contains(variable.scope) || ownedNames.contains(variable)
    }

    // MARK: facts

    func hazard(_ code: String, _ message: String, variable: String? = nil) {
        effects.hazards.insert(Hazard(code: code, line: line, message: message, variable: variable))
    }

    func assign(_ variable: Variable, _ objects: Objects) {
        guard owns(variable) else {
            effects.binds[variable, default: []].formUnion(objects)
            return
        }
        let old = points[variable] ?? []
        if !objects.isSubset(of: old) {
            points[variable] = old.union(objects)
            changed = true
        }
    }

    func store(_ values: Objects, into containers: Objects) {
        guard !values.isEmpty, !containers.isEmpty else { return }
        summaries.spend(values.count * containers.count)
        for container in containers {
            let old = heap[container] ?? []
            if !values.isSubset(of: old) {
                heap[container] = old.union(values)
                changed = true
            }
        }
    }

    func mutate(_ objects: Objects) {
        for object in objects {
            switch object {
            case .site: continue
            case .unknown: hazard("unknown_object", "an object of unknown origin is changed")
            default: if effects.mutations[object] == nil { effects.mutations[object] = line }
            }
        }
    }

    /// What lies directly inside.
    func elements(_ objects: Objects) -> Objects {
        var result: Objects = []
        for object in objects {
            result.formUnion(object.initialContents)
            if let held = heap[object] { result.formUnion(held) }
        }
        summaries.spend(result.count)
        return result
    }

    /// The objects and everything reachable from them.
    func reach(_ objects: Objects) -> Objects {
        if summaries.isExhausted { return objects }
        var seen = objects
        defer { summaries.spend(seen.count) }
        var work = Array(objects)
        while let object = work.popLast() {
            for inner in object.initialContents where seen.insert(inner).inserted { work.append(inner) }
            for inner in heap[object] ?? [] where seen.insert(inner).inserted { work.append(inner) }
        }
        return seen
    }

    func contents(_ objects: Objects) -> Objects { reach(elements(objects)) }

    /// A new object that is bound to the frame it was made in.
    func rootedObject(_ node: NodeID, holding values: Objects = []) -> Objects {
        effects.rooted.insert(node)
        return fresh(node, holding: values)
    }

    /// Something is learnt of these objects other than by writing to them.
    func inspect(_ objects: Objects) {
        for object in objects {
            if case .root = object { effects.inspections.insert(object) }
        }
    }

    func fresh(_ node: NodeID, holding values: Objects = []) -> Objects {
        let site: Objects = [.site(node)]
        store(values, into: site)
        return site
    }

    func variable(_ name: String, _ scope: ScopeID) -> Variable? { program.resolve(name, in: scope) }

    func lookup(_ variable: Variable) -> Objects {
        if owns(variable) { return points[variable] ?? [] }
        effects.reads.insert(variable)
        return [.root(variable)]
    }

    // MARK: targets

    /// Binds a loop target to the elements of `iterated`.
    func bind(_ target: Expression, to objects: Objects, _ scope: ScopeID) {
        switch target.kind {
        case .name(let name):
            guard let variable = variable(name, scope) else { return }
            assign(variable, objects)
        case .tuple(let items), .list(let items):
            let inner = iterate(objects)
            for item in items {
                if case .starred(let rest) = item.kind {
                    bind(rest, to: fresh(item.id, holding: inner), scope)
                } else {
                    bind(item, to: inner, scope)
                }
            }
        case .starred(let inner): bind(inner, to: fresh(target.id, holding: elements(objects)), scope)
        case .attribute(let base, let name):
            let holder = evaluate(base, scope)
            mutate(holder)
            store(objects, into: holder)
            joinMethods("__setattr__", receiver: holder, node: target.id)
            if let property = program.propertySetters[name] {
                invoke(property, receiver: holder, [objects], node: target.id)
            }
        case .item(let base, let key):
            let holder = evaluate(base, scope)
            let index = evaluate(key, scope)
            mutate(holder)
            store(objects.union(index), into: holder)
            joinMethods("__setitem__", receiver: holder, node: target.id)
        default: hazard("unknown_syntax", "an assignment target is not understood")
        }
    }

    /// What iterating over `objects` gives; taking from an iterator made outside changes it.
    func iterate(_ objects: Objects) -> Objects {
        for object in objects {
            if case .root(let variable) = object, program.isIterator(variable) {
                hazard(
                    "iterator_shared", "\(variable.name) is an iterator made outside of the loop and read inside",
                    variable: variable.name)
            }
        }
        inspect(objects)
        var result = elements(objects)
        for name in ["__iter__", "__next__", "__getitem__"] {
            result.formUnion(joinMethods(name, receiver: objects, node: 0))
        }
        return result
    }
}

/// The arguments a function was seen to be called with.
struct CallRecord {
    var own: [String: Objects] = [:]
    var reached: [String: Objects] = [:]
}

/// A statement or call that feeds an accumulator.
struct AcceptedSite {
    let variable: String
    /// What is evaluated besides the accumulator itself.
    let expressions: [Expression]
}
