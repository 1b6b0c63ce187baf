extension DependencyGraph {
    /// The graph of the script's own top-level statements.
    init(program: Program, summaries: SummaryTable) {
        let uses = program.export.files[0].body.map { StatementUse($0, program: program, summaries: summaries) }
        var tracker = DependencyTracker()
        for (index, use) in uses.enumerated() { tracker.add(index, use) }
        self.init(statements: Self.describe(program), edges: tracker.sortedEdges, isComplete: !summaries.isExhausted)
    }

    private static func describe(_ program: Program) -> [Statement] {
        program.export.files[0].body.enumerated().map { index, statement in
            Statement(
                index: index, line: statement.span.line, endLine: statement.span.endLine,
                text: StatementText.describe(statement))
        }
    }
}

/// What one top-level statement reads and writes, by name.
struct StatementUse {
    private(set) var reads: Set<String> = []
    private(set) var writes: Set<String> = []
    /// What a loop carries from one iteration to the next.
    private(set) var carried: Set<String> = []

    /// Effects that nobody here can follow are in order with each other.
    static let unknown = "unknown effects"

    init(_ statement: Statement, program: Program, summaries: SummaryTable) {
        let scope = program.moduleScopes[0]
        switch statement.kind {
        case .function(let function): define(function.name, statement.expressions, scope, program)
        case .classDefinition(let definition): define(definition.name, statement.expressions, scope, program)
        default: evaluate(statement, scope, program, summaries)
        }
    }

    private mutating func define(_ name: String, _ expressions: [Expression], _ scope: ScopeID, _ program: Program) {
        writes = [name]
        for expression in expressions {
            expression.forEach { part in
                if let text = part.name, program.resolve(text, in: scope) != nil { reads.insert(text) }
            }
        }
    }

    private mutating func evaluate(
        _ statement: Statement, _ scope: ScopeID, _ program: Program, _ summaries: SummaryTable
    ) {
        let range = NodeRange([statement])
        let owned = program.scopes.filter {
            ($0.kind == .lambda || $0.kind == .comprehension) && range.contains($0.node)
        }
        let evaluator = Evaluator(program: program, summaries: summaries, ownedScopes: Set(owned.map(\.id)))
        evaluator.solve { evaluator.run(statement, scope) }
        let effects = evaluator.effects
        let bound = Set(effects.binds.keys)
        var flow = DefiniteAssignment(program: program, summaries: summaries, names: bound, accepted: [])
        _ = flow.walk([statement], [], scope)
        let own = bound.filter { flow.early[$0] == nil }
        reads = Self.names(effects.reads.subtracting(own).union(effects.indirectReads), program)
        writes = Self.names(bound, program)
        for object in Array(effects.mutations.keys) + Array(effects.writes.keys) {
            switch object {
            case .root(let variable), .content(let variable):
                writes.insert(variable.name)
                reads.insert(variable.name)
            default: continue
            }
        }
        writes.formUnion(effects.streams)
        if !effects.hazards.isEmpty {
            writes.insert(Self.unknown)
        }
        noteCarried(statement, scope, program, summaries)
    }

    private mutating func noteCarried(
        _ statement: Statement, _ scope: ScopeID, _ program: Program, _ summaries: SummaryTable
    ) {
        let body: [Statement]
        var targets: Set<Variable> = []
        switch statement.kind {
        case .forLoop(let loop):
            body = loop.body
            loop.target.forEach { part in
                if let name = part.name, let variable = program.resolve(name, in: scope) { targets.insert(variable) }
            }
        case .whileLoop(_, let inner, _): body = inner
        default: return
        }
        let range = NodeRange(body)
        let stored = program.occurrences.filter { _, uses in
            uses.contains { $0.mode != .load && range.contains($0.node) }
        }
        var flow = DefiniteAssignment(program: program, summaries: summaries, names: Set(stored.keys), accepted: [])
        _ = flow.walk(body, targets, scope)
        carried = Self.names(Set(flow.early.keys), program)
        let inner = Evaluator(program: program, summaries: summaries, ownedScopes: [])
        inner.solve { inner.run(body, scope) }
        for object in inner.effects.mutations.keys {
            switch object {
            case .root(let variable), .content(let variable):
                if writes.contains(variable.name) { carried.insert(variable.name) }
            default: continue
            }
        }
    }

    private static func names(_ variables: Set<Variable>, _ program: Program) -> Set<String> {
        Set(variables.filter { program.isModule($0) }.map(\.name))
    }
}

/// Follows the writers and readers of each name through a sequence of statements.
struct DependencyTracker {
    private var writers: [String: Int] = [:]
    private var readers: [String: Set<Int>] = [:]
    private var edges: Set<DependencyGraph.Edge> = []

    var sortedEdges: [DependencyGraph.Edge] {
        edges.sorted { ($0.from, $0.to, $0.kind.rawValue, $0.name) < ($1.from, $1.to, $1.kind.rawValue, $1.name) }
    }

    mutating func add(_ index: Int, _ use: StatementUse) {
        for name in use.reads {
            if let writer = writers[name] { edges.insert(.init(from: writer, to: index, kind: .flow, name: name)) }
            readers[name, default: []].insert(index)
        }
        for name in use.writes {
            for reader in readers[name] ?? [] where reader != index {
                edges.insert(.init(from: reader, to: index, kind: .anti, name: name))
            }
            if let writer = writers[name] { edges.insert(.init(from: writer, to: index, kind: .output, name: name)) }
            // Whoever wrote or read before is ordered through this statement from here on.
            writers[name] = index
            readers[name] = []
        }
        for name in use.carried { edges.insert(.init(from: index, to: index, kind: .carried, name: name)) }
    }
}
