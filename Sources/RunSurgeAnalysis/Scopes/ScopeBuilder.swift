/// Fills a program's scopes in one walk, then resolves every occurrence of a name.
struct ScopeBuilder {
    let program: Program
    private var file = 0
    private var uses: [(name: String, occurrence: Occurrence)] = []

    init(program: Program) { self.program = program }

    mutating func build() {
        for (index, syntax) in program.export.files.enumerated() {
            file = index
            let scope = add(
                .module, name: syntax.module ?? "__main__", parent: nil, node: syntax.base, body: syntax.body)
            program.moduleScopes.append(scope)
            program.scopes[scope].bound.formUnion(["__name__", "__file__", "__doc__"])
            visit(syntax.body, scope)
        }
        for use in uses {
            if let variable = program.resolve(use.name, in: use.occurrence.scope) {
                program.occurrences[variable, default: []].append(use.occurrence)
            } else {
                program.builtinUses[use.name, default: []].append(use.occurrence.line)
            }
        }
    }

    private func add(
        _ kind: Scope.Kind, name: String, parent: ScopeID?, node: NodeID, parameters: Parameters? = nil,
        body: [Statement] = [], value: Expression? = nil, function: FunctionDefinition? = nil,
        definition: ClassDefinition? = nil
    ) -> ScopeID {
        let scope = Scope(
            id: program.scopes.count, kind: kind, name: name, parent: parent, file: file, node: node,
            parameters: parameters, body: body, value: value, function: function, definition: definition)
        for name in parameters?.names ?? [] {
            scope.bound.insert(name)
            program.bindings[Variable(scope: scope.id, name: name), default: []].append(.opaque)
        }
        program.scopes.append(scope)
        program.scopeOfNode[node] = scope.id
        return scope.id
    }

    // MARK: binding

    private func owner(_ name: String, _ scope: ScopeID) -> ScopeID {
        let here = program.scopes[scope]
        if here.globals.contains(name) { return program.moduleScopes[file] }
        if here.nonlocals.contains(name) {
            var current = here.parent
            while let id = current {
                if program.scopes[id].kind != .classBody, program.scopes[id].bound.contains(name) { return id }
                current = program.scopes[id].parent
            }
        }
        return scope
    }

    private mutating func bind(_ name: String, _ binding: Binding, _ scope: ScopeID, node: NodeID, line: Int) {
        let owner = owner(name, scope)
        program.scopes[owner].bound.insert(name)
        program.bindings[Variable(scope: owner, name: name), default: []].append(binding)
        uses.append((name, Occurrence(node: node, mode: .store, scope: scope, line: line)))
    }

    private mutating func bindTarget(_ target: Expression, _ binding: Binding, _ scope: ScopeID) {
        switch target.kind {
        case .name(let name): bind(name, binding, scope, node: target.id, line: target.span.line)
        case .tuple(let items), .list(let items): for item in items { bindTarget(item, .opaque, scope) }
        case .starred(let inner): bindTarget(inner, .opaque, scope)
        default: visit(target, scope)
        }
    }

    // MARK: statements

    private mutating func visit(_ statements: [Statement], _ scope: ScopeID) {
        // Declarations hold for the whole block of a function, so they are known before its names are bound.
        for statement in statements { visit(statement, scope) }
    }

    private mutating func visit(_ statement: Statement, _ scope: ScopeID) {
        let line = statement.span.line
        switch statement.kind {
        case .assign(let targets, let value):
            visit(value, scope)
            for target in targets { bindTarget(target, .value(value), scope) }
        case .augmented(let target, _, let value):
            visit(value, scope)
            if case .name(let name) = target.kind {
                uses.append((name, Occurrence(node: target.id, mode: .load, scope: scope, line: line)))
            }
            bindTarget(target, .opaque, scope)
        case .annotated(let target, let annotation, let value):
            visit(annotation, scope)
            if let value { visit(value, scope) }
            if value != nil {
                bindTarget(target, value.map { .value($0) } ?? .opaque, scope)
            } else if case .name(let name) = target.kind {
                program.scopes[owner(name, scope)].bound.insert(name)
            } else {
                visit(target, scope)
            }
        case .forLoop(let loop):
            visit(loop.iterable, scope)
            bindTarget(loop.target, .opaque, scope)
            visit(loop.body, scope)
            visit(loop.orElse, scope)
        case .with(let items, let body, _):
            for item in items {
                visit(item.context, scope)
                if let target = item.target { bindTarget(target, .value(item.context), scope) }
            }
            visit(body, scope)
        case .tryExcept(let attempt):
            visit(attempt.body, scope)
            for handler in attempt.handlers {
                if let type = handler.type { visit(type, scope) }
                if let name = handler.name { bind(name, .opaque, scope, node: statement.id, line: line) }
                visit(handler.body, scope)
            }
            visit(attempt.orElse, scope)
            visit(attempt.finally, scope)
        case .function(let function): visitFunction(statement, function, scope)
        case .classDefinition(let definition): visitClass(statement, definition, scope)
        case .importModules(let names):
            for alias in names {
                let top = String(alias.name.prefix { $0 != "." })
                let module = alias.alias == nil ? top : alias.name
                bind(alias.alias ?? top, .module(module), scope, node: statement.id, line: line)
            }
        case .importFrom(let module, let level, let names):
            for alias in names {
                guard alias.name != "*" else {
                    program.starImports.append((file, line, module ?? ""))
                    continue
                }
                let source = (level > 0 ? String(repeating: ".", count: level) : "") + (module ?? "")
                bind(
                    alias.alias ?? alias.name, .importedName(module: source, name: alias.name), scope,
                    node: statement.id, line: line)
            }
        case .global(let names):
            program.scopes[scope].globals.formUnion(names)
            for name in names { program.scopes[program.moduleScopes[file]].bound.insert(name) }
        case .nonlocal(let names):
            program.scopes[scope].nonlocals.formUnion(names)
            program.nonlocalNames.formUnion(names)
        case .delete(let targets):
            for target in targets {
                if case .name(let name) = target.kind {
                    bind(name, .opaque, scope, node: target.id, line: line)
                    uses.append((name, Occurrence(node: target.id, mode: .delete, scope: scope, line: line)))
                } else {
                    visit(target, scope)
                }
            }
        case .match(let subject, let cases):
            visit(subject, scope)
            for item in cases {
                for value in item.values { visit(value, scope) }
                for name in item.captures { bind(name, .opaque, scope, node: statement.id, line: line) }
                if let condition = item.condition { visit(condition, scope) }
                visit(item.body, scope)
            }
        default:
            for expression in statement.expressions { visit(expression, scope) }
            for block in statement.blocks { visit(block, scope) }
        }
    }

    private mutating func visitFunction(_ statement: Statement, _ function: FunctionDefinition, _ scope: ScopeID) {
        for expression in statement.expressions { visit(expression, scope) }
        let inner = add(
            .function, name: function.name, parent: scope, node: statement.id, parameters: function.parameters,
            body: function.body, function: function)
        bind(function.name, .function(inner), scope, node: statement.id, line: statement.span.line)
        if program.scopes[scope].kind == .classBody { program.methods[function.name, default: []].append(inner) }
        visit(function.body, inner)
    }

    private mutating func visitClass(_ statement: Statement, _ definition: ClassDefinition, _ scope: ScopeID) {
        for expression in statement.expressions { visit(expression, scope) }
        let inner = add(
            .classBody, name: definition.name, parent: scope, node: statement.id, body: definition.body,
            definition: definition)
        bind(definition.name, .classDefinition(inner), scope, node: statement.id, line: statement.span.line)
        program.scopes[inner].bound.formUnion(["__module__", "__qualname__"])
        visit(definition.body, inner)
    }

    // MARK: expressions

    private mutating func visit(_ expression: Expression, _ scope: ScopeID) {
        switch expression.kind {
        case .name(let name):
            let line = expression.span.line
            uses.append((name, Occurrence(node: expression.id, mode: .load, scope: scope, line: line)))
        case .lambda(let parameters, let body):
            for value in parameters.defaultExpressions { visit(value, scope) }
            let inner = add(
                .lambda, name: "<lambda>", parent: scope, node: expression.id, parameters: parameters, value: body)
            visit(body, inner)
        case .comprehension(_, let element, let value, let generators):
            visitComprehension(expression, [element] + (value.map { [$0] } ?? []), generators, scope)
        case .named(let target, let value):
            visit(value, scope)
            var home = scope
            while program.scopes[home].kind == .comprehension, let parent = program.scopes[home].parent {
                home = parent
            }
            bindTarget(target, .value(value), home)
        case .yield(let value):
            program.scopes[scope].isGenerator = true
            if let value { visit(value, scope) }
        default:
            for child in expression.children { visit(child, scope) }
        }
    }

    private mutating func visitComprehension(
        _ expression: Expression, _ elements: [Expression], _ generators: [Generator], _ scope: ScopeID
    ) {
        let inner = add(.comprehension, name: "<comprehension>", parent: scope, node: expression.id)
        for (position, generator) in generators.enumerated() {
            visit(generator.iterable, position == 0 ? scope : inner)
            bindTarget(generator.target, .opaque, inner)
            for condition in generator.conditions { visit(condition, inner) }
        }
        for element in elements { visit(element, inner) }
    }
}
