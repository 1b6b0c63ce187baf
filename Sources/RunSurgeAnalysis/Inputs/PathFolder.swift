/// Folds expressions to the constant strings they may be; paths and strings are not told apart.
struct PathFolder {
    private static let most = 64
    private static let mostSteps = 2000

    /// What one question has been through.
    private struct Trail {
        var variables: Set<Variable> = []
        var attributes: Set<String> = []
        var steps = 0
    }

    let program: Program
    private let index: ConstantIndex

    init(program: Program) {
        self.program = program
        self.index = program.constants
    }

    /// The values the expression may have, as far as they are constant; none when nothing is known.
    func strings(_ expression: Expression, _ scope: ScopeID) -> [String] {
        var trail = Trail()
        return Array(fold(expression, scope, &trail, 0)).sorted()
    }

    /// Whether `strings` gives every value that the expression can have.
    func isConstant(_ expression: Expression, _ scope: ScopeID, depth: Int = 0) -> Bool {
        guard depth < 8 else { return false }
        var isConstant = true
        expression.forEach { part in
            switch part.kind {
            case .name(let name):
                guard let variable = program.resolve(name, in: scope) else { return }
                switch program.singleBinding(variable) {
                case .value(let value)?:
                    if value.id >= expression.id || !self.isConstant(value, variable.scope, depth: depth + 1) {
                        isConstant = false
                    }
                case .module?: return
                case .importedName(let module, _)?: if program.file(ofModule: module) != nil { isConstant = false }
                default: if variable.name != "__file__" { isConstant = false }
                }
            case .call(let function, _, _):
                if strings(part, scope).isEmpty { isConstant = isConstant && program.dotted(function, scope) != nil }
            default: return
            }
        }
        return isConstant && !strings(expression, scope).isEmpty
    }

    private func fold(_ expression: Expression, _ scope: ScopeID, _ trail: inout Trail, _ depth: Int) -> Set<String> {
        trail.steps += 1
        guard depth < 24, trail.steps < Self.mostSteps else { return [] }
        switch expression.kind {
        case .constant(.string(let text?)): return [text]
        case .constant(.int(let text)) where !text.isEmpty: return [text]
        case .name(let name):
            guard let variable = program.resolve(name, in: scope) else { return [] }
            return fold(variable, &trail, depth)
        case .attribute(let base, let name): return attribute(expression, base, name, scope, &trail, depth)
        case .binary(let left, let op, let right):
            let a = fold(left, scope, &trail, depth + 1)
            let b = fold(right, scope, &trail, depth + 1)
            if op == "Div" { return combine(a, b, Self.join) }
            return op == "Add" ? combine(a, b, +) : []
        case .conditional(_, let then, let otherwise):
            return fold(then, scope, &trail, depth + 1).union(fold(otherwise, scope, &trail, depth + 1))
        case .formatted(let parts):
            var result: Set<String> = [""]
            for part in parts { result = combine(result, fold(part, scope, &trail, depth + 1), +) }
            return result
        case .formattedValue(let value, let conversion, format: nil) where conversion < 0 || conversion == 115:
            return fold(value, scope, &trail, depth + 1)
        case .list(let items), .tuple(let items), .set(let items):
            // Stands for its elements: `for name in ["a.csv", "b.csv"]`.
            return items.prefix(Self.most).reduce(into: []) { $0.formUnion(fold($1, scope, &trail, depth + 1)) }
        case .call(let function, let arguments, _): return call(function, arguments, scope, &trail, depth)
        default: return []
        }
    }

    private func fold(_ variable: Variable, _ trail: inout Trail, _ depth: Int) -> Set<String> {
        if variable.name == "__file__", program.isModule(variable) {
            return [program.export.files[program.scopes[variable.scope].file].path]
        }
        guard trail.variables.insert(variable).inserted else { return [] }
        defer { trail.variables.remove(variable) }
        var result: Set<String> = []
        for binding in program.bindings[variable] ?? [] {
            switch binding {
            case .value(let value): result.formUnion(fold(value, variable.scope, &trail, depth + 1))
            case .importedName(let module, let name):
                guard let file = program.file(ofModule: module) else { continue }
                result.formUnion(fold(Variable(scope: program.moduleScopes[file], name: name), &trail, depth + 1))
            default: continue
            }
        }
        for place in index.given[variable] ?? [] where result.count < Self.most {
            result.formUnion(fold(place.value, place.scope, &trail, depth + 1))
        }
        return result.count > Self.most ? [] : result
    }

    private func attribute(
        _ expression: Expression, _ base: Expression, _ name: String, _ scope: ScopeID, _ trail: inout Trail,
        _ depth: Int
    ) -> Set<String> {
        if let path = program.dotted(expression, scope) {
            if path == "os.sep" || path == "os.path.sep" { return ["/"] }
            if path == "os.curdir" { return ["."] }
            if let variable = program.ownModuleVariable(path) { return fold(variable, &trail, depth + 1) }
        }
        switch name {
        case "parent": return Set(fold(base, scope, &trail, depth + 1).map(Self.directory))
        case "name": return Set(fold(base, scope, &trail, depth + 1).map(Self.base))
        default: break
        }
        guard trail.attributes.insert(name).inserted else { return [] }
        defer { trail.attributes.remove(name) }
        var result: Set<String> = []
        for place in index.attributes[name] ?? [] where result.count < Self.most {
            result.formUnion(fold(place.value, place.scope, &trail, depth + 1))
        }
        return result
    }

    private func call(
        _ function: Expression, _ arguments: [Expression], _ scope: ScopeID, _ trail: inout Trail, _ depth: Int
    ) -> Set<String> {
        func argument(_ position: Int) -> Set<String> { fold(arguments[position], scope, &trail, depth + 1) }
        if let path = program.dotted(function, scope) {
            switch path {
            case "os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath":
                guard !arguments.isEmpty else { return ["."] }
                return arguments.indices.dropFirst().reduce(argument(0)) { combine($0, argument($1), Self.join) }
            case "os.path.dirname" where arguments.count == 1: return Set(argument(0).map(Self.directory))
            case "os.path.basename" where arguments.count == 1: return Set(argument(0).map(Self.base))
            case "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "builtins.str",
                "builtins.list",
                "builtins.tuple", "builtins.sorted", "builtins.iter":
                return arguments.count == 1 ? argument(0) : []
            case "os.getcwd", "pathlib.Path.cwd": return ["."]
            case "os.environ.get", "os.getenv": return arguments.count == 2 ? argument(1) : []
            default: return []
            }
        }
        guard case .attribute(let base, let name) = function.kind else { return [] }
        switch name {
        case "resolve", "absolute", "as_posix", "strip", "rstrip": return fold(base, scope, &trail, depth + 1)
        case "joinpath":
            let start = fold(base, scope, &trail, depth + 1)
            return arguments.indices.reduce(start) { combine($0, argument($1), Self.join) }
        case "with_suffix" where arguments.count == 1:
            return combine(fold(base, scope, &trail, depth + 1), argument(0)) { Self.withoutSuffix($0) + $1 }
        case "with_name" where arguments.count == 1:
            return combine(fold(base, scope, &trail, depth + 1), argument(0)) { Self.join(Self.directory($0), $1) }
        default: return []
        }
    }

    private func combine(_ left: Set<String>, _ right: Set<String>, _ with: (String, String) -> String) -> Set<String> {
        guard left.count * right.count <= Self.most else { return [] }
        return left.reduce(into: []) { result, a in for b in right { result.insert(with(a, b)) } }
    }

    // MARK: paths, as posixpath does it

    static func join(_ left: String, _ right: String) -> String {
        if right.hasPrefix("/") || left.isEmpty || left == "." { return right }
        return left.hasSuffix("/") ? left + right : "\(left)/\(right)"
    }

    static func directory(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func base(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    private static func withoutSuffix(_ path: String) -> String {
        let name = base(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
        return String(path.dropLast(name.distance(from: dot, to: name.endIndex)))
    }
}
