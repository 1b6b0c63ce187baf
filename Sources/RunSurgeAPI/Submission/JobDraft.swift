import Foundation
import RunSurgeCore

/// A submission on its way to a specification: what forms and specifications have in common, and no schema says, is
/// checked here.
struct JobDraft {
    var name: String?
    var script: FileEntry?
    var inputs: [FileEntry] = []
    var scriptArgument: String?
    var arguments: [String] = []
    var workingDirectory = JobPath.workingDirectory
    var environment: [String: String] = [:]
    var standardInput: BlobReference?
    var hashSeed: UInt32 = 0
    var minSplitSeconds: Double?
    var chunkRecords: Int64?
    var isSplittingAllowed = true
    var priority = 0

    /// - Throws: 422 naming the field that is wrong.
    func specification() throws -> JobSpecification {
        guard let script else { throw APIError.invalid("script", "The script is missing: send it as a file.") }
        let name = self.name ?? JobPath.lastComponent(script.path)
        guard name.utf8.count <= Limits.nameBytes else {
            throw APIError.invalid("name", "A job's name has 1 to \(Limits.nameBytes) bytes.")
        }
        guard script.blob.size <= Limits.scriptBytes else { throw Self.largeScript }
        try checkPaths(script: script)
        try checkArguments()
        try checkEnvironment()
        return JobSpecification(
            name: name, script: script, inputs: inputs, scriptArgument: scriptArgument, arguments: arguments,
            workingDirectory: workingDirectory,
            environment: environment, standardInput: standardInput, hashSeed: hashSeed,
            minSplitSeconds: minSplitSeconds, chunkRecords: chunkRecords, isSplittingAllowed: isSplittingAllowed,
            priority: priority)
    }

    static let largeScript = APIError.tooLarge("The script is larger than the limit of \(Limits.scriptBytes) bytes.")

    static let tooManyFiles = APIError.invalid(
        "input", "There are more than \(Limits.inputFiles) input files; pack them into fewer.")

    private func checkPaths(script: FileEntry) throws {
        guard inputs.count <= Limits.inputFiles else { throw Self.tooManyFiles }
        var files: Set<Substring> = []
        for entry in [script] + inputs where !files.insert(Substring(entry.path)).inserted {
            throw APIError.invalid("input", "There are two files at \(entry.path).")
        }
        let plainFiles = Set(([script] + inputs).filter { !$0.isDirectory }.map { Substring($0.path) })
        for path in files {
            var folder = path
            while let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
                folder = folder[..<slash]
                guard !plainFiles.contains(folder) else {
                    throw APIError.invalid("input", "\(folder) is a file and, for \(path), a folder.")
                }
            }
        }
    }

    private func checkArguments() throws {
        guard arguments.reduce(0, { $0 + $1.utf8.count + 1 }) <= Limits.argumentBytes else {
            throw APIError.invalid("argument", "The arguments are longer than \(Limits.argumentBytes) bytes.")
        }
    }

    private func checkEnvironment() throws {
        var bytes = 0
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0), !value.utf8.contains(0)
            else { throw APIError.invalid("env", "\(name) is not the name of an environment variable.") }
            bytes += name.utf8.count + value.utf8.count + 2
        }
        guard bytes <= Limits.argumentBytes else {
            throw APIError.invalid("env", "The environment is longer than \(Limits.argumentBytes) bytes.")
        }
    }
}
