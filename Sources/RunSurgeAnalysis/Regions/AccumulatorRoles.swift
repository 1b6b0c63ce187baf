/// Decides which variables of a loop body are accumulators, and of which role.
struct AccumulatorRoles {
    let program: Program
    let scope: ScopeID
    let range: NodeRange
    private(set) var accepted: [Variable: RegionVariable] = [:]
    private(set) var sites: [NodeID: AcceptedSite] = [:]
    /// Why a variable that looks like an accumulator is none.
    private(set) var rejected: [Variable: Hazard] = [:]

    init(program: Program, scope: ScopeID, body: [Statement]) {
        self.program = program
        self.scope = scope
        self.range = NodeRange(body)
        var found: [Variable: [AccumulatorSite]] = [:]
        collect(body, &found)
        for (variable, list) in found.sorted(by: { $0.value[0].node < $1.value[0].node }) { decide(variable, list) }
    }

    private func collect(_ statements: [Statement], _ found: inout [Variable: [AccumulatorSite]]) {
        for statement in statements {
            if let site = AccumulatorPatterns.site(statement), let variable = program.resolve(site.variable, in: scope)
            {
                found[variable, default: []].append(site)
                if case .keyed(let form, _, _) = site.form, form.hasPrefix("branch") { continue }
                if case .ifElse = statement.kind {
                    // `if k not in d: d[k] = c` is one site as a whole.
                    continue
                }
            }
            if case .function = statement.kind { continue }
            for block in statement.blocks { collect(block, &found) }
        }
    }

    private mutating func decide(_ variable: Variable, _ list: [AccumulatorSite]) {
        let inside = (program.occurrences[variable] ?? []).filter { range.contains($0.node) }
        let names = list.reduce(into: Set<NodeID>()) { $0.formUnion($1.names) }
        let isFold = list.contains { if case .fold = $0.form { true } else { false } }
        // A plain assignment in the body makes it a variable of the iteration.
        if inside.contains(where: { $0.mode != .load && !names.contains($0.node) }) { return }
        if let other = inside.filter({ !names.contains($0.node) }).min(by: { $0.node < $1.node }) {
            rejected[variable] = Hazard(
                code: isFold ? "carried_state" : "accumulator_read", line: other.line,
                message: "\(variable.name) is collected in the loop and also read in it", variable: variable.name)
            return
        }
        if case .importedName? = program.bindings[variable]?.first {
            rejected[variable] = Hazard(
                code: "module_state", line: list[0].line, message: "\(variable.name) belongs to another module",
                variable: variable.name)
            return
        }
        if isFold, variable.scope != scope, !program.isModule(variable) {
            rejected[variable] = Hazard(
                code: "nonlocal_write", line: list[0].line,
                message: "\(variable.name) of an outer function is assigned", variable: variable.name)
            return
        }
        guard var role = role(variable, list) else {
            rejected[variable] = Hazard(
                code: "mixed_accumulator", line: list[0].line,
                message: "\(variable.name) is fed in ways that have no common merge", variable: variable.name)
            return
        }
        role.liveOut = true
        accepted[variable] = role
        for site in list { sites[site.node] = AcceptedSite(variable: variable.name, expressions: site.expressions) }
    }

    private func role(_ variable: Variable, _ list: [AccumulatorSite]) -> RegionVariable? {
        func make(_ role: String) -> RegionVariable { RegionVariable(name: variable.name, role: role, liveOut: true) }
        let forms = list.map(\.form)
        if forms.allSatisfy({ $0 == .append || $0 == .fold(op: "Add") }), forms.contains(.append) {
            return make("list_append")
        }
        if let ops = all(forms, { if case .fold(let op) = $0 { op } else { nil } }) {
            guard Set(ops).count == 1 || Set(ops).isSubset(of: ["Add", "Sub"]) else { return nil }
            var result = make("fold")
            result.op = ops[0]
            result.foldSites = list.map(\.node)
            return result
        }
        if forms.allSatisfy({ $0 == .setAdd || $0 == .update }), forms.contains(.setAdd) || program.isSet(variable) {
            return make("set_add")
        }
        if forms.allSatisfy({ $0 == .overwrite || ($0 == .update && !program.isCounter(variable)) }) {
            return make("keyed_overwrite")
        }
        if let inner = all(forms, { if case .keyedAppend(let inner) = $0 { inner } else { nil } }) {
            guard Set(inner).count == 1 else { return nil }
            var result = make("keyed_append")
            result.inner = inner[0]
            return result
        }
        return keyedFold(variable, list)
    }

    private func all<T>(_ forms: [SiteForm], _ pick: (SiteForm) -> T?) -> [T]? {
        let picked = forms.compactMap(pick)
        return picked.count == forms.count && !picked.isEmpty ? picked : nil
    }

    private func keyedFold(_ variable: Variable, _ list: [AccumulatorSite]) -> RegionVariable? {
        var result = RegionVariable(name: variable.name, role: "keyed_fold", liveOut: true)
        var ops: Set<String> = []
        var zeros: Set<Constant> = []
        var sites: [RegionVariable.KeyedSite] = []
        for site in list {
            switch site.form {
            case .keyedOp(let form, let op):
                ops.insert(op)
                sites.append(.init(node: site.node, form: form))
            // Two different first values and additions have no common start.
            case .keyed("branch?", _, _): return nil
            case .keyed(let form, let mirrored, let zero):
                if let zero { zeros.insert(zero) }
                if form.hasPrefix("get:") { ops.insert(String(form.dropFirst(4))) }
                if form.hasPrefix("branch") { ops.insert("Add") }
                let name = form.hasPrefix("get") ? "get" : form.hasPrefix("branch") ? "branch" : form
                sites.append(.init(node: site.node, form: name, mirrored: mirrored ? true : nil))
            case .update where program.isCounter(variable):
                ops.insert("Add")
                sites.append(.init(node: site.node, form: "update"))
            default: return nil
            }
        }
        guard ops.count <= 1, zeros.count <= 1, !ops.isEmpty || zeros.count == 1 else { return nil }
        result.op = ops.first ?? "Add"
        result.sites = sites
        switch zeros.first {
        case .int(let text)?:
            guard let value = Int(text) else { return nil }
            result.zero = .int(value)
        case .float(let text)?:
            guard let value = Double(text), value.isFinite else { return nil }
            result.zero = .float(value)
        default: result.zero = .int(0)
        }
        return result
    }
}
