import RunSurgeCore

/// Remembers the syntax trees of the last few scripts: the command line and the master of one process ask for the
/// same one. Safe, because a tree depends on nothing but the sources and the interpreter.
actor RememberingExporter: SyntaxExporting {
    private static let capacity = 4

    private struct Entry {
        let script: SourceFile
        let modules: [SourceFile]
        let tree: [UInt8]
    }

    private let exporter: any SyntaxExporting
    private var entries: [Entry] = []

    init(_ exporter: any SyntaxExporting) { self.exporter = exporter }

    func exportSyntax(script: SourceFile, modules: [SourceFile]) async throws -> [UInt8] {
        if let known = entries.first(where: { $0.script == script && $0.modules == modules }) { return known.tree }
        let tree = try await exporter.exportSyntax(script: script, modules: modules)
        entries = entries.suffix(Self.capacity - 1) + [Entry(script: script, modules: modules, tree: tree)]
        return tree
    }
}
