import Foundation
import RunSurgeAnalysis
import RunSurgeCore

/// Turns a command line into a job.
enum JobPreparation {
    static func prepare(
        script: String, arguments: [String], inputs: [String], options: JobOptions, exporter: any SyntaxExporting
    ) async throws -> PreparedJob {
        let inspection = try await ScriptInspection.inspect(script, exporter: exporter)
        let folder = Path.workingDirectory
        let files = try InputDiscovery.find(for: inspection, arguments: arguments, extra: inputs, folder: folder)
        guard arguments.reduce(0, { $0 + $1.utf8.count }) <= Limits.argumentBytes else {
            throw CommandError.refused("the arguments are longer than \(Limits.argumentBytes) bytes")
        }
        if let large = files.first(where: { $0.size > Limits.uploadBytes }) {
            throw CommandError.refused(
                "\(large.path) has \(large.size) bytes; an input may have \(Limits.uploadBytes) at most")
        }
        return PreparedJob(
            script: inspection.script, scriptArgument: script, inputs: files, arguments: arguments,
            workingDirectory: folder, environment: environment(for: inspection.plan),
            readsStandardInput: inspection.plan.readsStandardInput && isatty(STDIN_FILENO) == 0,
            hashSeed: try hashSeed(), options: options)
    }

    /// Variables of Python's own that name places of this machine or belong to a terminal; the seed travels apart.
    private static let local: Set<String> = [
        "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPYCACHEPREFIX", "PYTHONEXECUTABLE", "PYTHONSTARTUP",
        "PYTHONINSPECT", "PYTHONBREAKPOINT", "PYTHONHASHSEED",
    ]

    /// The variables that the script reads, and those that change how Python itself behaves.
    private static func environment(for plan: Plan) -> [String: String] {
        let read = Set(plan.environmentVariables)
        return ProcessInfo.processInfo.environment.filter { name, _ in
            if read.contains(name) { return true }
            if name.hasPrefix("PYTHON") { return !local.contains(name) }
            return name == "TZ" || name == "LANG" || name.hasPrefix("LC_")
        }
    }

    private static func hashSeed() throws -> UInt32 {
        guard let text = ProcessInfo.processInfo.environment["PYTHONHASHSEED"], text != "random", !text.isEmpty else {
            return 0
        }
        guard let seed = UInt32(text) else {
            throw CommandError.usage("PYTHONHASHSEED is \(text); it must be a number from 0 to 4294967295, or `random`")
        }
        return seed
    }
}
