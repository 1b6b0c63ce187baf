/// A call that takes all of a generator expression at once: `sum(x * x for x in rows)`.
struct Reduction {
    let kind: String
    let generator: Expression

    /// Functions that take elements one by one and do nothing that the elements could see.
    private static let builtins: Set<String> = [
        "sum", "list", "set", "dict", "tuple", "frozenset", "sorted", "min", "max",
    ]
    private static let imported: Set<String> = [
        "collections.Counter", "collections.deque", "math.fsum", "statistics.mean", "statistics.fmean",
        "statistics.median", "math.prod",
    ]

    init?(_ call: Expression, program: Program, scope: ScopeID) {
        guard case .call(let function, let arguments, let keywords) = call.kind, let first = arguments.first,
            case .comprehension(.generator, _, _, _) = first.kind,
            let kind = Self.kind(function, arguments, keywords, program, scope)
        else { return nil }
        self.kind = kind
        self.generator = first
    }

    private static func kind(
        _ function: Expression, _ arguments: [Expression], _ keywords: [Keyword], _ program: Program, _ scope: ScopeID
    ) -> String? {
        if case .attribute(let base, "join") = function.kind, case .constant(.string) = base.kind, arguments.count == 1,
            keywords.isEmpty
        {
            return "join"
        }
        guard let path = program.dotted(function, scope) else { return nil }
        if path == "builtins.sum" {
            let start = arguments.dropFirst().first ?? keywords.first?.value
            guard arguments.count + keywords.count <= 2, keywords.allSatisfy({ $0.name == "start" }) else { return nil }
            guard let start else { return "sum" }
            if case .constant = start.kind { return "sum" }
            return nil
        }
        guard arguments.count == 1 else { return nil }
        if path.hasPrefix("builtins.") {
            let name = String(path.dropFirst("builtins.".count))
            guard builtins.contains(name) else { return nil }
            // `sorted` calls its key after it has everything; min and max call it in between.
            let allowed: Set<String> =
                name == "sorted" ? ["key", "reverse"] : ["min", "max"].contains(name) ? ["default"] : []
            return keywords.allSatisfy { allowed.contains($0.name ?? "") } ? name : nil
        }
        guard imported.contains(path), keywords.isEmpty, let name = path.split(separator: ".").last else { return nil }
        return String(name)
    }
}
