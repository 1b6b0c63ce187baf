internal import Foundation
internal import Logging
internal import RunSurgeAnalysis
internal import RunSurgeCore

/// Turns submitted jobs into planned ones. A failing analysis fails no job: it runs unsplit, with the reason.
struct JobPlanner: Sendable {
    let store: any DispatchStore
    let blobs: any BlobStore
    let syntax: any SyntaxExporting
    let term: Int64
    let persistence: Persistence
    let logger: Logger

    /// Stores the job's plan. Throws `StoreError.fenced`, `CancellationError`.
    func plan(_ job: Job) async throws {
        let plan = try await analyse(job.specification, of: job.id)
        do {
            try await persistence.persist("plan") { try await store.storePlan(plan, job: job.id, term: term) }
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            logger.error("a plan can't be stored", metadata: ["job": "\(job.id)", "error": "\(error)"])
            let reduced = try Self.encode(Plan(wholeScriptReason: "its plan can't be stored"))
            try await persistence.persist("plan") { try await store.storePlan(reduced, job: job.id, term: term) }
        }
    }

    private func analyse(_ specification: JobSpecification, of job: JobID) async throws -> [UInt8] {
        guard specification.isSplittingAllowed else {
            return try Self.encode(Plan(wholeScriptReason: "splitting is off for this job"))
        }
        do {
            let script = try await source("__main__", specification.script)
            let modules = try await modules(of: specification)
            let tree = try await syntax.exportSyntax(script: script, modules: modules)
            guard tree.count <= Limits.syntaxTreeBytes else {
                return try Self.encode(Plan(wholeScriptReason: "the script's syntax tree is too large"))
            }
            return try Self.encode(try ScriptAnalyser.analyse(syntaxJSON: tree))
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.warning("a script runs unsplit", metadata: ["job": "\(job)", "error": "\(error)"])
            return try Self.encode(Plan(wholeScriptReason: "it could not be analysed: \(error)"))
        }
    }

    /// The script's own modules: Python files below the folder of the script, named as it would import them.
    private func modules(of specification: JobSpecification) async throws -> [SourceFile] {
        let folder = specification.script.path.split(separator: "/").dropLast()
        var modules: [SourceFile] = []
        for entry in specification.inputs where entry.path.hasSuffix(".py") && !entry.isDirectory {
            let parts = entry.path.split(separator: "/")
            guard parts.count > folder.count, parts.starts(with: folder), entry.path != specification.script.path,
                entry.blob.size <= Limits.scriptBytes
            else { continue }
            var names = parts.dropFirst(folder.count).map(String.init)
            names[names.count - 1].removeLast(".py".count)
            if names.last == "__init__" { names.removeLast() }
            guard !names.isEmpty else { continue }
            modules.append(try await source(names.joined(separator: "."), entry))
        }
        return modules
    }

    private func source(_ module: String, _ entry: FileEntry) async throws -> SourceFile {
        let bytes = entry.blob.size == 0 ? [] : try await blobs.bytes(of: entry.blob, limit: Limits.scriptBytes)
        return SourceFile(module: module, path: entry.path, bytes: bytes)
    }

    private static func encode(_ plan: Plan) throws -> [UInt8] { [UInt8](try JSONEncoder().encode(plan)) }
}
