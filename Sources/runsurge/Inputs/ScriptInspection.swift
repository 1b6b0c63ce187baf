import Foundation
import RunSurgeAnalysis
import RunSurgeCore

/// What the analysis says of a script on this machine, together with the script's own modules.
struct ScriptInspection: Sendable {
    let script: LocalFile
    let modules: [OwnModule]
    let syntax: [UInt8]
    let plan: Plan

    struct OwnModule: Sendable {
        let name: String
        let file: LocalFile
    }

    /// Parses and analyses the script at `path`, then the modules beside it that it imports, until no more are found.
    /// - Throws: `CommandError` with Python's own words when there is no such script.
    static func inspect(_ path: String, exporter: any SyntaxExporting) async throws -> ScriptInspection {
        let absolute = Path.absolute(path)
        guard let script = LocalFile(path: absolute), !script.isDirectory else {
            throw CommandError.usage("can't open file '\(absolute)': \(String(cString: strerror(ENOENT)))")
        }
        guard script.size <= Limits.scriptBytes else {
            throw CommandError.refused(
                "\(absolute) has \(script.size) bytes; a script may have \(Limits.scriptBytes) at most")
        }
        let source = SourceFile(module: "__main__", path: absolute, bytes: try Path.read(absolute))
        var modules: [OwnModule] = []
        while true {
            let sources = try modules.map {
                SourceFile(module: $0.name, path: $0.file.path, bytes: try Path.read($0.file.path))
            }
            let syntax = try await exporter.exportSyntax(script: source, modules: sources)
            let plan = try ScriptAnalyser.analyse(syntaxJSON: syntax)
            let found = OwnModules.find(plan.imports, beside: absolute.parentPath)
            let new = found.filter { module in !modules.contains { $0.name == module.name } }
            if new.isEmpty {
                return ScriptInspection(script: script, modules: modules, syntax: syntax, plan: plan)
            }
            modules += new
        }
    }
}

/// The files that an import may load from the script's own folder.
enum OwnModules {
    /// Packages come with all their parents' `__init__.py`. Names that are no files there belong to the interpreter.
    static func find(_ imports: [String], beside folder: String) -> [ScriptInspection.OwnModule] {
        var found: [String: LocalFile] = [:]
        for name in imports {
            var prefix: [Substring] = []
            for part in name.split(separator: ".") {
                prefix.append(part)
                let place = folder + "/" + prefix.joined(separator: "/")
                let module = prefix.joined(separator: ".")
                for candidate in ["\(place)/__init__.py", "\(place).py"] where found[module] == nil {
                    if let file = LocalFile(path: candidate), !file.isDirectory { found[module] = file }
                }
            }
        }
        return found.sorted { $0.key < $1.key }.map { .init(name: $0.key, file: $0.value) }
    }
}
