internal import Foundation
internal import Logging
internal import RunSurgeAnalysis
internal import RunSurgeCore

/// Makes the plan of a job. A failing analysis fails no job: it runs unsplit, with the reason.
struct PlanMaker: Sendable {
    let blobs: any BlobStore
    let syntax: any SyntaxExporting
    let logger: Logger

    /// - Throws: `CancellationError`
    func plan(_ specification: JobSpecification) async throws -> [UInt8] {
        guard specification.isSplittingAllowed else {
            return try Self.encode(Plan(wholeScriptReason: "splitting is off for this job"))
        }
        do {
            let sources = try await ScriptSources(of: specification).read(from: blobs)
            let tree = try await syntax.exportSyntax(script: sources[0], modules: Array(sources[1...]))
            guard tree.count <= Limits.syntaxTreeBytes else {
                return try Self.encode(Plan(wholeScriptReason: "the script's syntax tree is too large"))
            }
            return try Self.encode(try ScriptAnalyser.analyse(syntaxJSON: tree))
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.warning(
                "a script runs unsplit", metadata: ["script": "\(specification.script.path)", "error": "\(error)"])
            return try Self.encode(Plan(wholeScriptReason: "it could not be analysed: \(error)"))
        }
    }

    static func encode(_ plan: Plan) throws -> [UInt8] { [UInt8](try JSONEncoder().encode(plan)) }
}
