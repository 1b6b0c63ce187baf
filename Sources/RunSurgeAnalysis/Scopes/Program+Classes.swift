extension Program {
    func method(_ name: String, of definition: ScopeID) -> ScopeID? {
        methods[name]?.last { scopes[$0].parent == definition }
    }

    /// The class and the script classes it derives from.
    func lineage(_ definition: ScopeID) -> [ScopeID] {
        var result: [ScopeID] = []
        var work = [definition]
        while let current = work.popLast(), result.count < 64 {
            if result.contains(current) { continue }
            result.append(current)
            work += bases(current).compactMap { if case .script(let base) = $0 { base } else { nil } }
        }
        return result
    }

    private static let plainBases: Set<String> = [
        "builtins.object", "typing.NamedTuple", "abc.ABC", "enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag",
        "typing.Generic", "typing.Protocol", "typing.TypedDict",
    ]

    enum Base {
        case script(ScopeID)
        case known
        case unknown(String)
    }

    func bases(_ definition: ScopeID) -> [Base] {
        (scopes[definition].definition?.bases ?? []).map { base in
            let name: String
            switch base.kind {
            case .name(let text): name = text
            case .attribute(_, let text): name = text
            case .item(let generic, _): name = generic.name ?? "?"
            default: return .unknown("a computed base class")
            }
            if let text = base.name, let variable = resolve(text, in: scopes[definition].parent ?? 0),
                case .classDefinition(let inner)? = self.definition(variable)?.binding
            {
                return .script(inner)
            }
            let plain: Expression = if case .item(let generic, _) = base.kind { generic } else { base }
            guard let path = dotted(plain, scopes[definition].parent ?? 0) else { return .unknown(name) }
            if Self.plainBases.contains(path) { return .known }
            let isException = path.hasPrefix("builtins.") && BuiltinFunctions.isException(name)
            return isException ? .known : .unknown(name)
        }
    }

    /// Why making an instance may do more than the class says.
    func opaqueClass(_ definition: ScopeID) -> String? {
        for inner in lineage(definition) {
            let scope = scopes[inner]
            for base in bases(inner) {
                if case .unknown(let name) = base { return "class \(scope.name) derives from \(name)" }
            }
            for keyword in scope.definition?.keywords ?? [] where keyword.name == "metaclass" {
                if dotted(keyword.value, scope.parent ?? 0) != "abc.ABCMeta" {
                    return "class \(scope.name) has a metaclass"
                }
            }
            if let reason = opaqueField(inner) { return reason }
            if !Self.knownClassDecorators.isSuperset(of: decoratorPaths(inner)) {
                return "class \(scope.name) is decorated"
            }
        }
        return nil
    }

    /// Whether instances reach mutable objects through their class.
    func hasMutableClassState(_ definition: ScopeID) -> Bool {
        lineage(definition).contains { inner in
            scopes[inner].body.contains { statement in
                switch statement.kind {
                case .function, .pass, .annotated(_, _, value: nil): return false
                case .expression(let value), .assign(_, let value), .annotated(_, _, let value?):
                    return !isImmutable(value, in: inner) && fieldFactory(value, in: inner) == nil
                default: return true
                }
            }
        }
    }

    /// Surely a value that can't be changed.
    private func isImmutable(_ value: Expression, in scope: ScopeID) -> Bool {
        switch value.kind {
        case .constant, .formatted: return true
        case .unary(_, let inner): return isImmutable(inner, in: scope)
        case .binary(let left, _, let right): return isImmutable(left, in: scope) && isImmutable(right, in: scope)
        case .tuple(let items): return items.allSatisfy { isImmutable($0, in: scope) }
        case .call(let function, let arguments, _):
            switch dotted(function, scope) {
            case "re.compile", "enum.auto": return true
            case "builtins.frozenset": return arguments.isEmpty
            default: return false
            }
        default: return false
        }
    }

    /// What `field(…)` of a dataclass makes: the factory's name, or "" for a constant.
    private func fieldFactory(_ value: Expression, in scope: ScopeID) -> String? {
        guard case .call(let function, let arguments, let keywords) = value.kind, arguments.isEmpty,
            dotted(function, scope) == "dataclasses.field"
        else { return nil }
        var made = ""
        for keyword in keywords {
            switch keyword.name {
            case "default": guard isImmutable(keyword.value, in: scope) else { return nil }
            case "default_factory": made = dotted(keyword.value, scope) ?? "?"
            case nil: return nil
            default: continue
            }
        }
        return made
    }

    private static let plainFactories: Set<String> = [
        "", "builtins.list", "builtins.dict", "builtins.set", "builtins.tuple", "builtins.int", "builtins.str",
        "builtins.float", "collections.Counter", "collections.deque",
    ]

    /// Why a dataclass's fields may run code of their own.
    private func opaqueField(_ definition: ScopeID) -> String? {
        for statement in scopes[definition].body {
            guard case .annotated(_, _, let value?) = statement.kind, let factory = fieldFactory(value, in: definition)
            else { continue }
            if !Self.plainFactories.contains(factory) {
                return "a field of class \(scopes[definition].name) is made by a function"
            }
        }
        return nil
    }
}
