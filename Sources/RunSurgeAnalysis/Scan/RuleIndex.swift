/// The rules by what they speak of.
struct RuleIndex {
    /// Stands for a name that is only known when the script runs.
    static let computed = "?"

    private var exact: [String: [ScanRule]] = [:]
    private var modules: [String: [ScanRule]] = [:]
    private var attributes: [String: [ScanRule]] = [:]
    /// Rules that speak of some name of a module.
    private var inside: [String: [ScanRule]] = [:]

    init(_ rules: ScanRules) {
        for rule in rules.rules where rule.policy != .allow {
            for name in rule.names {
                let parent = Self.parent(name)
                if name.hasSuffix(".*") {
                    modules[parent, default: []].append(rule)
                } else {
                    exact[name, default: []].append(rule)
                }
                if inside[parent]?.contains(rule) != true { inside[parent, default: []].append(rule) }
            }
            for name in rule.attributes { attributes[name, default: []].append(rule) }
        }
    }

    /// Rules that speak of the full name.
    func rules(for path: String) -> [ScanRule] {
        var found = exact[path] ?? []
        var parent = Self.parent(path)
        if path.hasSuffix(".\(Self.computed)") { found += inside[parent] ?? [] }
        while !parent.isEmpty {
            found += modules[parent] ?? []
            parent = Self.parent(parent)
        }
        return found
    }

    /// Rules that speak of everything of a module.
    func rules(forModule name: String) -> [ScanRule] { (modules[name] ?? []) + rules(for: name) }

    func rules(forAttribute name: String) -> [ScanRule] { attributes[name] ?? [] }

    /// `a.b` of `a.b.c`; nothing of `a`.
    private static func parent(_ path: String) -> String {
        path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
    }
}
