/// The `specification` part of a submission whose paths, modes and times must be exact, as the command line sends it.
public struct SubmissionView: Sendable, Codable {
    /// Where the bytes of a file come from: a part of the same request, or a blob that is there already.
    public struct Content: Sendable, Codable, Equatable {
        /// Name of the part.
        public var part: String?
        public var sha256: String?
        /// Bytes; with `part` too, so that what is too large is refused before it is sent.
        public var size: Int64?
        /// What `PUT /api/blob/…` answered; not needed for blobs of the caller's own jobs.
        public var receipt: String?

        public init(part: String, size: Int64) {
            self.part = part
            self.size = size
        }

        public init(blob: BlobReference, receipt: String? = nil) {
            sha256 = blob.sha256
            size = blob.size
            self.receipt = receipt
        }
    }

    public struct File: Sendable, Codable, Equatable {
        /// Absolute.
        public var path: String
        public var content: Content
        /// Permission bits, with S_IFDIR for a folder, whose content is not looked at.
        public var mode: UInt32
        /// Since 1970-01-01 UTC.
        public var modifiedNanoseconds: Int64

        public init(path: String, content: Content, mode: UInt32, modifiedNanoseconds: Int64) {
            self.path = path
            self.content = content
            self.mode = mode
            self.modifiedNanoseconds = modifiedNanoseconds
        }

        private enum CodingKeys: String, CodingKey {
            case path, content, mode
            case modifiedNanoseconds = "modified_nanoseconds"
        }
    }

    public var name: String?
    public var script: File
    public var inputs: [File]?
    /// The script as the user named it: its `sys.argv[0]`.
    public var scriptArgument: String?
    public var arguments: [String]?
    /// Absolute.
    public var workingDirectory: String
    public var environment: [String: String]?
    public var standardInput: Content?
    public var hashSeed: UInt32?
    public var minSplitSeconds: Double?
    public var chunkRecords: Int64?
    public var split: Bool?
    public var priority: Int?
    /// Answers the plan that the job would get, and creates nothing.
    public var planOnly: Bool?

    public init(script: File, workingDirectory: String) {
        self.script = script
        self.workingDirectory = workingDirectory
    }

    private enum CodingKeys: String, CodingKey {
        case name, script, inputs, arguments, environment, split, priority
        case scriptArgument = "script_argument"
        case workingDirectory = "working_directory"
        case standardInput = "standard_input"
        case hashSeed = "hash_seed"
        case minSplitSeconds = "min_split_seconds"
        case chunkRecords = "chunk_records"
        case planOnly = "plan_only"
    }
}

/// Answer to `PUT /api/blob/{sha256}`.
public struct StoredBlobView: Sendable, Codable, Equatable {
    public let sha256: String
    /// Bytes.
    public let size: Int64
    /// Shows in a later submission that the caller has uploaded this blob.
    public let receipt: String?

    public init(blob: BlobReference, receipt: String?) {
        sha256 = blob.sha256
        size = blob.size
        self.receipt = receipt
    }
}
