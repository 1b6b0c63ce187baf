/// The original system's types of jobs; both are run alike.
public enum JobKind: String, Sendable, Codable, CaseIterable {
    case simple, complex
}

/// All that defines one run of a script. Immutable once accepted.
public struct JobSpecification: Sendable, Codable, Equatable {
    public var name: String
    public var script: FileEntry
    /// Everything else the script may open, each at its absolute path; the script's own modules too.
    public var inputs: [FileEntry]
    /// The script as the user named it, which is its `sys.argv[0]`; nil: its path relative to the working directory.
    public var scriptArgument: String?
    public var arguments: [String]
    /// Absolute; where the script runs. Files it creates or changes below it are its outputs.
    public var workingDirectory: String
    /// Beyond the fixed minimal environment.
    public var environment: [String: String]
    public var standardInput: BlobReference?
    /// 0 ... 4294967295
    public var hashSeed: UInt32
    /// Seconds a region's remainder must be worth before it is split; nil: chosen by cost; 0: always split.
    public var minSplitSeconds: Double?
    /// Records a chunk, forced; nil: chosen by cost.
    public var chunkRecords: Int64?
    public var isSplittingAllowed: Bool
    /// Within one user's jobs: larger first. -100 ... 100
    public var priority: Int
    /// Bytes of memory that the worker of its driver must have; nil: any will do.
    public var requiredMemory: Int64?
    /// What the original system calls its type; nil: simple.
    public var kind: JobKind?
    /// What the scan of its code had to say when it was taken.
    public var findings: [ScanFinding]?

    public init(
        name: String, script: FileEntry, inputs: [FileEntry] = [], scriptArgument: String? = nil,
        arguments: [String] = [],
        workingDirectory: String = "/job", environment: [String: String] = [:], standardInput: BlobReference? = nil,
        hashSeed: UInt32 = 0, minSplitSeconds: Double? = nil, chunkRecords: Int64? = nil,
        isSplittingAllowed: Bool = true, priority: Int = 0, requiredMemory: Int64? = nil
    ) {
        self.name = name
        self.script = script
        self.inputs = inputs
        self.scriptArgument = scriptArgument
        self.arguments = arguments
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.standardInput = standardInput
        self.hashSeed = hashSeed
        self.minSplitSeconds = minSplitSeconds
        self.chunkRecords = chunkRecords
        self.isSplittingAllowed = isSplittingAllowed
        self.priority = priority
        self.requiredMemory = requiredMemory
    }

    /// Every blob the job needs, the script first.
    public var blobs: [BlobReference] { [script.blob] + inputs.map(\.blob) + (standardInput.map { [$0] } ?? []) }
}
