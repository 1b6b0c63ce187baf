/// The rules by what they speak of.
struct RuleIndex {
    /// Stands for a name that is only known when the script runs.
    static let computed = "?"

    private var exact: [String: [ScanRule]] = [:]
    private var modules: [String: [ScanRule]] = [:]
    private var attributes: [String: [ScanRule]] = [:]
    /// Rules that speak of some name of a module.
    private var inside: [String: [ScanRule]] = [:]
    /// Names that those of rules begin with.
    private var beginnings: Set<String> = []

    init(_ rules: ScanRules) {
        for rule in rules.rules where rule.policy != .allow {
            for name in rule.names {
                let parent = Self.parent(name)
                if name.hasSuffix(".*") {
                    modules[parent, default: []].append(rule)
                } else {
                    exact[name, default: []].append(rule)
                }
                var beginning = parent
                while !beginning.isEmpty, beginnings.insert(beginning).inserted { beginning = Self.parent(beginning) }
                if inside[parent]?.contains(rule) != true { inside[parent, default: []].append(rule) }
            }
            for name in rule.attributes { attributes[name, default: []].append(rule) }
        }
    }

    /// Rules that speak of the full name, or of a module of the library that is reached through another: `shutil.os` is os.
    func rules(for path: String) -> [ScanRule] {
        Self.readings(path).reduce(into: []) { found, reading in
            found += direct(reading).filter { !found.contains($0) }
        }
    }

    /// Whether rules speak of the full name or of what is below it.
    func mayLeadTo(_ path: String) -> Bool {
        Self.readings(path).contains { beginnings.contains($0) || !direct($0).isEmpty }
    }

    private static func readings(_ path: String) -> [String] {
        var readings = [path]
        var rest = path[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if StandardModules.contains(String(rest.prefix { $0 != "." })) { readings.append(String(rest)) }
        }
        return readings
    }

    private func direct(_ path: String) -> [ScanRule] {
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
