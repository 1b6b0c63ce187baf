/// What a client submits: a script and its files, each with the exact path, mode and time that the script will see.
public struct Submission: Sendable {
    public enum Content: Sendable, Equatable {
        /// A file of this machine, read while it is sent.
        case file(localPath: String, size: Int64)
        case bytes([UInt8])
        case folder
    }

    public struct File: Sendable, Equatable {
        /// Absolute, in the world of the script.
        public var path: String
        public var content: Content
        /// Permission bits, with S_IFDIR for a folder.
        public var mode: UInt32
        /// Since 1970-01-01 UTC.
        public var modifiedNanoseconds: Int64

        public init(path: String, content: Content, mode: UInt32, modifiedNanoseconds: Int64) {
            self.path = path
            self.content = content
            self.mode = mode
            self.modifiedNanoseconds = modifiedNanoseconds
        }

        /// A file or folder of this machine as it is. Blocks briefly. Links are followed.
        /// - Throws: `ClientError` when it can't be read or is neither.
        public init(localPath: String, path: String) throws {
            let status = try LocalFile.status(of: localPath)
            guard status.isRegularFile || status.isDirectory else {
                throw ClientError(
                    .localFile, code: "local_file", detail: "\(localPath) is neither a file nor a folder.")
            }
            self.path = path
            content = status.isDirectory ? .folder : .file(localPath: localPath, size: status.size)
            mode = status.isDirectory ? status.mode & 0o047777 : status.mode & 0o7777
            modifiedNanoseconds = status.modifiedNanoseconds
        }
    }

    public var name: String?
    public var script: File
    public var inputs: [File] = []
    /// The script as the user named it: its `sys.argv[0]`; nil: its path relative to the working directory.
    public var scriptArgument: String?
    public var arguments: [String] = []
    /// Absolute.
    public var workingDirectory: String
    public var environment: [String: String] = [:]
    public var standardInput: Content?
    public var hashSeed: UInt32 = 0
    public var minSplitSeconds: Double?
    public var chunkRecords: Int64?
    public var isSplittingAllowed = true
    public var priority = 0

    public init(script: File, workingDirectory: String) {
        self.script = script
        self.workingDirectory = workingDirectory
    }
}
