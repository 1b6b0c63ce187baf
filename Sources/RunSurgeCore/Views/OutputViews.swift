/// A file that a script created or changed.
public struct OutputView: Sendable, Codable, Equatable {
    /// Relative to the job's working directory.
    public let path: String
    public let sha256: String
    /// Bytes.
    public let size: Int64
    /// Permission bits, with S_IFDIR for a folder.
    public let mode: UInt32
    /// Since 1970-01-01 UTC.
    public let modifiedNanoseconds: Int64

    public init(path: String, file: FileEntry) {
        self.path = path
        sha256 = file.blob.sha256
        size = file.blob.size
        mode = file.mode
        modifiedNanoseconds = file.modifiedNanoseconds
    }

    public var blob: BlobReference { BlobReference(sha256: sha256, size: size) }

    public var isDirectory: Bool {
        FileEntry(path: path, blob: blob, modifiedNanoseconds: modifiedNanoseconds, mode: mode).isDirectory
    }

    private enum CodingKeys: String, CodingKey {
        case path, sha256, size, mode
        case modifiedNanoseconds = "modified_nanoseconds"
    }
}

/// Everything that a job left behind.
public struct OutputListView: Sendable, Codable {
    public let jobID: JobID
    public let exitStatus: Int32
    public let outputs: [OutputView]
    /// Inputs that the script removed, relative to the working directory.
    public let deleted: [String]
    public let standardOutput: BlobReference
    public let standardError: BlobReference

    public init(
        jobID: JobID, exitStatus: Int32, outputs: [OutputView], deleted: [String], standardOutput: BlobReference,
        standardError: BlobReference
    ) {
        self.jobID = jobID
        self.exitStatus = exitStatus
        self.outputs = outputs
        self.deleted = deleted
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case exitStatus = "exit_status"
        case outputs, deleted
        case standardOutput = "standard_output"
        case standardError = "standard_error"
    }
}
