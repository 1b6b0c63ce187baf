internal import RunSurgeCore
internal import RunSurgeProtocol

/// A job as its processes need to know it: checked, and in values of our own.
struct JobDescription: Sendable {
    let id: JobID
    let traceID: String
    let workingDirectory: String
    let script: FileEntry
    /// The script among them.
    let files: [FileEntry]
    /// `sys.argv[0]`; nil: the script's path relative to the working directory.
    let scriptArgument: String?
    let arguments: [String]
    let environment: [String: String]
    let standardInput: BlobReference?
    let hashSeed: UInt32
    let plan: Payload

    /// - Throws: `ProtocolError` for what no master of ours sends.
    init(wire: WireJobContext) throws(ProtocolError) {
        func invalid(_ field: String) -> ProtocolError { .invalidField(message: "JobContext", field: field) }
        guard wire.jobID > 0 else { throw invalid("job_id") }
        guard JobPath.isSafe(wire.workingDirectory), wire.workingDirectory != "/" else {
            throw invalid("working_directory")
        }
        guard wire.inputs.count <= Limits.inputFiles else { throw invalid("inputs") }
        id = JobID(wire.jobID)
        traceID = wire.traceID
        workingDirectory = wire.workingDirectory
        script = try FileEntry(wire: wire.script)
        var files = [script]
        for input in wire.inputs {
            let entry = try FileEntry(wire: input)
            if entry.path != script.path, entry.path != workingDirectory { files.append(entry) }
        }
        for entry in files where !JobPath.isSafe(entry.path) || entry.path == "/" { throw invalid("inputs") }
        self.files = files
        scriptArgument = wire.scriptArgument.isEmpty ? nil : wire.scriptArgument
        arguments = wire.arguments
        environment = wire.environment
        standardInput = wire.hasStandardInput ? try BlobReference(wire: wire.standardInput) : nil
        hashSeed = wire.hashSeed
        plan = try Payload(wire: wire.plan)
    }

    /// Those below the working directory, and the rest.
    var filesInside: [FileEntry] { files.filter { JobPath.isInside($0.path, workingDirectory) } }
    var filesOutside: [FileEntry] { files.filter { !JobPath.isInside($0.path, workingDirectory) } }

    /// Whether an interpreter that was started before the job was known can run it.
    var suitsSpare: Bool {
        workingDirectory == SparePool.workingDirectory && hashSeed == SparePool.hashSeed && filesOutside.isEmpty
            && standardInput == nil && !environment.keys.contains(where: Self.isReadAtStart)
    }

    /// Variables that the interpreter or the C library look at before the script's first line.
    private static func isReadAtStart(_ name: String) -> Bool {
        ["PYTHON", "LC_", "LD_", "MALLOC_", "GLIBC_"].contains { name.hasPrefix($0) }
            || ["LANG", "LANGUAGE", "TZ"].contains(name)
    }
}
