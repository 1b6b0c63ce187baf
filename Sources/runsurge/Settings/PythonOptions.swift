import ArgumentParser
import Foundation
import RunSurgeWorker

/// Which interpreter runs the scripts, and whether it is sandboxed.
struct PythonOptions: ParsableArguments {
    enum Sandbox: String, ExpressibleByArgument, CaseIterable, Sendable { case on, off }

    @Option(help: "The interpreter, a name on PATH or a path (default: RUNSURGE_PYTHON, then python3).")
    var python: String?

    @Option(help: "Whether scripts run inside bubblewrap (default: RUNSURGE_SANDBOX, then on).")
    var sandbox: Sandbox?

    var interpreter: String { python ?? Self.variable("RUNSURGE_PYTHON") ?? "python3" }

    var isSandboxed: Bool { (sandbox ?? Self.variable("RUNSURGE_SANDBOX").flatMap(Sandbox.init) ?? .on) == .on }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// - Throws: `WorkerError` with what to install.
    func exporter(folder: String = ClusterFolder.base + "/syntax") async throws -> SyntaxExporter {
        try await SyntaxExporter(python: interpreter, isSandboxed: isSandboxed, folder: folder)
    }
}
