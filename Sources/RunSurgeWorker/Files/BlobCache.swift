internal import Glibc
internal import RunSurgeCore

/// Blobs of the master on this machine's disk, bounded; the least recently used go first.
///
/// The files may be links to the master's own, so nothing ever writes to them.
actor BlobCache {
    private struct Entry {
        var size: Int64
        var users = 0
        var lastUse: UInt64
    }

    private let folder: String
    private let limit: Int64
    private var store: (any BlobStore)?
    private var entries: [BlobReference: Entry] = [:]
    private var fetches: [BlobReference: Task<Void, any Error>] = [:]
    private var bytes: Int64 = 0
    private var clock: UInt64 = 0

    /// Blocks. What an earlier agent has fetched is not trusted, and removed.
    init(folder: String, limit: Int64) throws {
        self.folder = folder
        self.limit = limit
        FileTree.remove(folder)
        try FileTree.makeFolder(folder, mode: 0o700)
    }

    /// From a new session on.
    func use(_ store: any BlobStore) { self.store = store }

    /// How long a master that can't be reached is waited for; its leases are lost before that.
    private static let absence = Duration.seconds(120)
    /// How long a full disk of the master's is waited for: what is done already is worth that.
    private static let fullness = Duration.seconds(600)
    private static let backoff = (first: Duration.milliseconds(100), longest: Duration.seconds(2))

    /// Carries `body` out with the store of the session, and again, with that of the next session when there is one, as
    /// long as the master can't be reached or has no room: it may be restarted, another may be taking over, a disk may be
    /// cleared.
    /// - Parameters:
    ///   - isWanted: asked before each repetition.
    ///   - isForMaster: false when it is this machine's disk that `body` needs room on: another machine may have some.
    nonisolated func withStore<Value: Sendable>(
        while isWanted: @Sendable () async -> Bool = { true }, isForMaster: Bool = true,
        _ body: @Sendable (any BlobStore) async throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        var wait = Self.backoff.first
        while true {
            do {
                return try await body(try await currentStore())
            } catch let error as BlobError {
                let patience: Duration
                switch error {
                case .unavailable: patience = Self.absence
                case .storageFull where isForMaster: patience = Self.fullness
                case .storageFull, .notFound, .tooLarge, .corrupted, .unexpected: throw error
                }
                guard ContinuousClock.now - start < patience, await isWanted() else { throw error }
            }
            try await Task.sleep(for: wait)
            wait = min(wait * 2, Self.backoff.longest)
        }
    }

    private func currentStore() throws -> any BlobStore {
        guard let store else { throw WorkerError.setup("there is no blob store before the master's welcome") }
        return store
    }

    /// Lends the blob as a file, which stays for the duration of `body` and must not be changed.
    func withFile<Value: Sendable>(
        _ blob: BlobReference, _ body: @Sendable (String) async throws -> Value
    ) async throws -> Value {
        try await acquire(blob)
        defer { release(blob) }
        return try await body(path(of: blob))
    }

    /// The whole blob in memory, from the cache's file.
    func bytes(of blob: BlobReference, limit: Int64) async throws -> [UInt8] {
        guard blob.size <= limit else { throw BlobError.tooLarge(limit: limit) }
        if blob.size == 0 { return [] }
        return try await withFile(blob) { path in
            try await BlockingWork.run {
                let bytes = try FileDescriptor.open(path, O_RDONLY).read(at: 0, limit: Int(blob.size))
                guard bytes.count == blob.size else { throw BlobError.corrupted(blob.sha256) }
                return bytes
            }
        }
    }

    /// Puts the blob into the folder that a process sees its blobs in.
    func lend(_ blob: BlobReference, to folder: RunFolder) async throws {
        let path = "\(folder.blobs)/\(blob.sha256)"
        try await withFile(blob) { source in
            try await BlockingWork.run {
                if link(source, path) != 0, errno != EEXIST { try FileTree.copy(source, to: path) }
            }
        }
    }

    private func acquire(_ blob: BlobReference) async throws {
        guard BlobReference.isValidName(blob.sha256) else { throw BlobError.notFound(blob.sha256) }
        clock += 1
        while entries[blob] == nil { try await fetch(blob) }
        entries[blob]?.users += 1
        entries[blob]?.lastUse = clock
    }

    private func release(_ blob: BlobReference) {
        entries[blob]?.users -= 1
        shrink()
    }

    /// One fetch at a time for a blob, whoever asks for it.
    private func fetch(_ blob: BlobReference) async throws {
        if let running = fetches[blob] { return try await running.value }
        let path = path(of: blob)
        // It enters the blob before it ends: whoever waited for it finds the entry.
        let fetch = Task {
            defer { fetches[blob] = nil }
            if blob == .empty {
                try await BlockingWork.run { try TextFile.write("", to: path, creating: true) }
            } else {
                try await withStore(isForMaster: false) { try await $0.materialize(blob, at: path) }
            }
            entries[blob] = Entry(size: blob.size, lastUse: clock)
            bytes += blob.size
        }
        fetches[blob] = fetch
        try await fetch.value
    }

    private func shrink() {
        guard bytes > limit else { return }
        for (blob, entry) in entries.filter({ $0.value.users == 0 }).sorted(by: { $0.value.lastUse < $1.value.lastUse })
        {
            guard bytes > limit else { return }
            unlink(path(of: blob))
            entries[blob] = nil
            bytes -= entry.size
        }
    }

    private nonisolated func path(of blob: BlobReference) -> String { "\(folder)/\(blob.sha256)" }
}
