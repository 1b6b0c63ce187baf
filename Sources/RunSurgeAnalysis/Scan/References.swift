/// What foreign modules, functions and classes a program's names may stand for, by their full names.
///
/// Everything that a name is given anywhere counts, whatever the order and the conditions; a list or dict and what is in
/// it are one. So more may be found than can happen. Names that lead to nothing that a rule speaks of are left out.
struct References {
    /// Full names of one variable: beyond, the script is too entangled.
    private static let mostPaths = 128
    private static let mostRounds = 64

    let program: Program
    let index: RuleIndex
    let folder: PathFolder
    private(set) var variables: [Variable: Set<String>] = [:]
    private(set) var attributes: [String: Set<String>] = [:]
    /// What functions and lambdas give back.
    private(set) var results: [ScopeID: Set<String>] = [:]

    /// - Throws: `ScanError.unreadable` when what names stand for can't be followed.
    init(_ program: Program, _ index: RuleIndex) throws(ScanError) {
        self.program = program
        self.index = index
        folder = PathFolder(program: program)
        let flows = ValueFlows(program)
        for (variable, bindings) in program.bindings {
            variables[variable] = Set(bindings.compactMap(Self.imported))
        }
        for _ in 0..<Self.mostRounds {
            var hasChanged = false
            for (variable, places) in flows.variables {
                let paths = try paths(of: places, with: variables[variable])
                hasChanged = hasChanged || paths != variables[variable]
                variables[variable] = paths
            }
            for (name, places) in flows.attributes {
                let paths = try paths(of: places, with: attributes[name])
                hasChanged = hasChanged || paths != attributes[name]
                attributes[name] = paths
            }
            for (scope, places) in flows.returned {
                let paths = try paths(of: places, with: results[scope])
                hasChanged = hasChanged || paths != results[scope]
                results[scope] = paths
            }
            if !hasChanged { return }
        }
        throw Self.entangled
    }

    private func paths(
        of places: [ConstantIndex.Place], with known: Set<String>?
    ) throws(ScanError) -> Set<String> {
        let paths = places.reduce(into: known ?? []) { $0.formUnion(self.paths($1.value, $1.scope)) }
        guard paths.count <= Self.mostPaths else { throw Self.entangled }
        return paths
    }

    private static func imported(_ binding: Binding) -> String? {
        switch binding {
        case .module(let module): module
        case .importedName(let module, let name): "\(module).\(name)"
        default: nil
        }
    }

    private static let entangled = ScanError.unreadable(
        "The script could not be scanned: what its names stand for is too entangled to follow.")
}
