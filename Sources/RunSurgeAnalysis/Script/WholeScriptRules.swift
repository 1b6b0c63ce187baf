/// Why nothing of a script may be split: it can change what names, calls or the interpreter mean.
struct WholeScriptRules {
    private let program: Program
    private var found: [(file: Int, line: Int, text: String)] = []

    init(program: Program) {
        self.program = program
        checkBuiltins()
        checkModules()
        checkClasses()
        program.forEachStatement { statement, scope in check(statement, scope) }
        program.forEachExpression { expression, scope in check(expression, scope) }
    }

    /// The first reason in the text, with its line.
    var reason: String? {
        guard let first = found.min(by: { ($0.file, $0.line, $0.text) < ($1.file, $1.line, $1.text) }) else {
            return nil
        }
        let module = program.export.files[first.file].module.map { " of module \($0)" } ?? ""
        return first.line > 0 ? "\(first.text) (line \(first.line)\(module))" : first.text + module
    }

    private mutating func note(_ line: Int, _ scope: ScopeID, _ text: String) {
        found.append((program.scopes[scope].file, line, text))
    }

    // MARK: names

    private static let dynamic = words(
        "eval exec compile __import__ globals locals breakpoint __builtins__ __loader__ __spec__ __build_class__")

    private mutating func checkBuiltins() {
        for name in Self.dynamic {
            if let line = program.builtinUses[name]?.min() { note(line, 0, "\(name) is dynamic code") }
        }
        for star in program.starImports {
            found.append((star.file, star.line, "from \(star.module) import * may bind any name"))
        }
    }

    // MARK: modules

    private mutating func checkModules() {
        for (index, file) in program.export.files.enumerated() {
            guard let module = file.module, let top = module.split(separator: ".").first.map(String.init) else {
                continue
            }
            if ImportedModules.writeNothing.contains(top) || RefusedNames.modules[top] != nil {
                found.append((index, 0, "\(top) hides a module of the standard library"))
            }
        }
    }

    private mutating func checkImport(_ module: String, _ line: Int, _ scope: ScopeID) {
        let top = String(module.prefix { $0 != "." })
        guard program.file(ofModule: top) == nil else { return }
        if let what = RefusedNames.modules[top] { note(line, scope, "the script imports \(top): \(what)") }
        if top == "importlib", module != "importlib.metadata", module != "importlib.resources" {
            note(line, scope, "the script imports importlib: dynamic imports")
        }
    }

    // MARK: classes

    private mutating func checkClasses() {
        for (name, text) in RefusedNames.methods {
            for method in program.methods[name] ?? [] {
                let owner = program.scopes[method].parent.map { program.scopes[$0].name } ?? "?"
                note(program.scopes[method].function?.body.first?.span.line ?? 0, method, "class \(owner) \(text)")
            }
        }
        for (scope, name, line) in program.opaqueSpecials {
            note(line, scope, "\(program.scopes[scope].name).\(name) is assigned, not defined")
        }
    }

    // MARK: statements

    private mutating func check(_ statement: Statement, _ scope: ScopeID) {
        let line = statement.span.line
        switch statement.kind {
        case .unknown(let kind): note(line, scope, "\(kind) is not understood")
        case .importModules(let names): for alias in names { checkImport(alias.name, line, scope) }
        case .importFrom(let module, level: 0, let names):
            checkImport(module ?? "", line, scope)
            for alias in names {
                if let text = RefusedNames.changes["\(module ?? "").\(alias.name)"] { note(line, scope, text) }
            }
        case .assign(let targets, _), .delete(let targets): for target in targets { checkTarget(target, scope) }
        case .augmented(let target, _, _), .annotated(let target, _, _): checkTarget(target, scope)
        case .forLoop(let loop): checkTarget(loop.target, scope)
        case .with(let items, _, _): for item in items { if let target = item.target { checkTarget(target, scope) } }
        default: return
        }
    }

    private static let harmlessAttributes = words(
        "sys.argv sys.excepthook sys.tracebacklimit sys.dont_write_bytecode sys.path")

    private mutating func checkTarget(_ target: Expression, _ scope: ScopeID) {
        let line = target.span.line
        switch target.kind {
        case .tuple(let items), .list(let items): for item in items { checkTarget(item, scope) }
        case .starred(let inner): checkTarget(inner, scope)
        case .attribute(let base, let name):
            if let path = program.dotted(base, scope) {
                let full = "\(path).\(name)"
                if !Self.harmlessAttributes.contains(full) { note(line, scope, "\(full) is assigned") }
            }
            if name.hasPrefix("__"), name.hasSuffix("__"), name != "__doc__", name != "__name__" {
                note(line, scope, "\(name) is assigned")
            }
            if let name = base.name, program.dotted(base, scope) == nil, let variable = program.resolve(name, in: scope)
            {
                checkDefinition(variable, line, scope)
            }
        case .item(let base, let key):
            guard let path = program.dotted(base, scope) else { return }
            if path == "os.environ" {
                checkEnvironment(key, scope)
            } else if path == "sys.path" {
                return
            } else {
                note(line, scope, "\(path)[…] is assigned")
            }
        default: return
        }
    }

    /// A name that may be one of several modules.
    private mutating func checkDefinition(_ variable: Variable, _ line: Int, _ scope: ScopeID) {
        for binding in program.bindings[variable] ?? [] {
            if case .module = binding { note(line, scope, "an attribute of module \(variable.name) is assigned") }
        }
    }

    private static let settings = words("TZ LC_ALL LANG LC_CTYPE LC_NUMERIC LC_TIME LANGUAGE PYTHONHASHSEED PYTHONPATH")

    private mutating func checkEnvironment(_ key: Expression, _ scope: ScopeID) {
        guard case .constant(.string(let name?)) = key.kind, !Self.settings.contains(name) || name == "PYTHONHASHSEED"
        else {
            note(key.span.line, scope, "an environment variable that processes depend on is set")
            return
        }
    }

    // MARK: expressions

    private mutating func check(_ expression: Expression, _ scope: ScopeID) {
        let line = expression.span.line
        switch expression.kind {
        case .unknown(let kind): note(line, scope, "\(kind) is not understood")
        case .await: note(line, scope, "asynchronous code")
        case .name: if let path = program.dotted(expression, scope) { checkPath(path, line, scope) }
        case .attribute(_, "cache_info"), .attribute(_, "cache_clear"), .attribute(_, "cache_parameters"):
            note(line, scope, "the cache of a function is looked at")
        case .attribute(_, let name):
            if let path = program.dotted(expression, scope) { checkPath(path, line, scope) }
            if RefusedNames.frames.contains(name), program.methods[name] == nil { note(line, scope, "\(name) is used") }
        case .call(let function, let arguments, _): checkCall(function, arguments, line, scope)
        default: return
        }
    }

    private mutating func checkPath(_ path: String, _ line: Int, _ scope: ScopeID) {
        if let text = RefusedNames.changes[path] { note(line, scope, text) }
    }

    private mutating func checkCall(_ function: Expression, _ arguments: [Expression], _ line: Int, _ scope: ScopeID) {
        if case .attribute(let base, let name) = function.kind, case .attribute(_, "__dict__") = base.kind,
            Methods.mutates.contains(name)
        {
            note(line, scope, "attributes are changed through __dict__")
        }
        switch program.dotted(function, scope) {
        case "builtins.setattr", "builtins.delattr": checkAttributeCall(arguments, line, scope)
        case "builtins.vars" where arguments.isEmpty: note(line, scope, "vars() is dynamic code")
        case "builtins.type" where arguments.count > 1: note(line, scope, "type() makes a class")
        case "os.environ.setdefault", "os.environ.pop": if let key = arguments.first { checkEnvironment(key, scope) }
        case "types.new_class", "types.FunctionType", "types.ModuleType": note(line, scope, "types makes code")
        default: return
        }
    }

    private mutating func checkAttributeCall(_ arguments: [Expression], _ line: Int, _ scope: ScopeID) {
        guard arguments.count >= 2, case .constant(.string(let name?)) = arguments[1].kind,
            !name.hasPrefix("__"), program.methods[name] == nil, !Methods.all.contains(name),
            program.dotted(arguments[0], scope) == nil
        else {
            note(line, scope, "setattr or delattr may change what a name means")
            return
        }
        if let base = arguments[0].name, let variable = program.resolve(base, in: scope) {
            checkDefinition(variable, line, scope)
        }
    }
}
