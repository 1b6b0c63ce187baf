public import RunSurgeCore

/// How one agent runs.
public struct WorkerConfiguration: Sendable {
    /// The work endpoints of all masters that may lead, such as `tcp://master:50051`, or `ipc:///path` on a master's own
    /// machine; at least one. The next is tried when one does not answer.
    public var endpoints: [String]
    /// Shown to users; need not be unique.
    public var name: String
    /// Processes that may compute at once, at least 1.
    public var slots: Int
    /// Bytes that all slots together may use.
    public var memoryBytes: Int64
    /// The agent's own: caches, job files, results on their way. One agent at a time; made when missing.
    public var folder: String
    /// A name on PATH or a path.
    public var python = "python3"
    /// Off: scripts run with all the rights of this process.
    public var isSandboxed = true
    /// Off: memory is watched as where no control group may be made.
    var mayUseGroups = true
    /// Bytes of the master's files kept on this disk.
    public var cacheBytes: Int64 = 20 << 30
    /// Files and bytes that one script may leave behind.
    public var outputFiles = 10_000
    public var outputBytes: Int64 = 8 << 30
    /// Interpreters kept ready for small jobs.
    public var spares = 1
    /// What runs may go on for this long after a graceful shutdown began.
    public var drainPeriod: Duration = .seconds(3)
    /// nil: the endpoints are of this machine, which ask for none.
    public var keys: WorkerKeys?

    public init(endpoints: [String], name: String, slots: Int, memoryBytes: Int64, folder: String) {
        precondition(!endpoints.isEmpty, "a worker knows at least one master")
        precondition(slots > 0 && memoryBytes > 0, "a worker has at least one slot and some memory")
        self.endpoints = endpoints
        self.name = name
        self.slots = slots
        self.memoryBytes = memoryBytes
        self.folder = folder
    }
}

/// Where the master's blobs are to be had, as its Welcome says.
public struct BlobAccess: Sendable, Equatable {
    /// Base of the HTTP routes for blobs.
    public let url: String
    /// Bearer token for them.
    public let token: String
    /// The same blobs by path, for a worker on the master's machine; nil when it is not.
    public let directory: String?

    public init(url: String, token: String, directory: String?) {
        self.url = url
        self.token = token
        self.directory = directory
    }
}

/// Opens the blob store of a session.
public typealias BlobStoreFactory = @Sendable (BlobAccess) async throws -> any BlobStore
