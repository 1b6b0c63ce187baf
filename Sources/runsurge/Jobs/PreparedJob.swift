import RunSurgeCore

/// A job as the command line has gathered it, before any byte is stored.
struct PreparedJob: Sendable {
    var script: LocalFile
    /// As the user named it.
    var scriptArgument: String
    var inputs: [LocalFile]
    var arguments: [String]
    /// Absolute.
    var workingDirectory: String
    var environment: [String: String]
    /// Whether the job reads this process's standard input.
    var readsStandardInput: Bool
    var hashSeed: UInt32
    var options: JobOptions
}

/// What the user may ask for beyond the script itself.
struct JobOptions: Sendable {
    var name: String?
    var minSplitSeconds: Double?
    var chunkRecords: Int64?
    var isSplittingAllowed = true
    var priority = 0
}

extension PreparedJob {
    /// The specification, once every file is a blob.
    func specification(
        script: FileEntry, inputs: [FileEntry], standardInput: BlobReference?
    ) -> JobSpecification {
        JobSpecification(
            name: options.name ?? self.script.path.lastPathComponent, script: script, inputs: inputs,
            scriptArgument: scriptArgument, arguments: arguments, workingDirectory: workingDirectory,
            environment: environment,
            standardInput: standardInput, hashSeed: hashSeed, minSplitSeconds: options.minSplitSeconds,
            chunkRecords: options.chunkRecords, isSplittingAllowed: options.isSplittingAllowed,
            priority: options.priority)
    }
}

extension String {
    /// What follows the last slash.
    var lastPathComponent: String { split(separator: "/").last.map(String.init) ?? self }

    /// What comes before the last slash of an absolute path.
    var parentPath: String {
        guard let slash = lastIndex(of: "/"), slash != startIndex else { return "/" }
        return String(self[..<slash])
    }
}
