public import RunSurgeCore

/// Takes zip archives from strangers apart.
public struct ArchiveInflater: Sendable {
    /// Bytes of an entry that is held in memory, so that several are stored at once.
    private static let smallBytes: Int64 = 1 << 20
    private static let mostAtOnce = 8

    private let sandbox: ArchiveSandbox
    private let limits: ArchiveLimits

    public init(in sandbox: ArchiveSandbox, limits: ArchiveLimits = ArchiveLimits()) {
        self.sandbox = sandbox
        self.limits = limits
    }

    /// Stores every file of `archive` as a blob of its own, in memory that does not grow with it.
    ///
    /// What an archive can be refused for without inflating it is found before anything is stored. The blobs of one that
    /// is refused later, for a wrong checksum, are nobody's and go with the next collection.
    /// - Returns: files and folders in the archive's order, under relative paths; their times taken for UTC.
    /// - Throws: `ArchiveError`, what `store` throws, `CancellationError`.
    public func inflate(_ archive: BlobReference, in store: any BlobStore) async throws -> [FileEntry] {
        try await sandbox.run(["inflate", String(decoding: limits.json.bytes, as: UTF8.self)], within: limits.time) {
            try await store.materialize(archive, at: $0 + "/archive")
        } read: {
            try await Self.entries(of: $0, store)
        }
    }

    private static func entries(of process: ArchiveProcess, _ store: any BlobStore) async throws -> [FileEntry] {
        try await withThrowingTaskGroup(of: (Int, BlobReference).self) { group in
            var heads: [ArchiveEntry] = []
            var blobs: [Int: BlobReference] = [:]
            var running = 0
            while let head = try await ArchiveEntry(process.next()) {
                let position = heads.count
                heads.append(head)
                if head.isFolder { continue }
                let pieces = ArchivePieces(process: process, size: head.size)
                if head.size > smallBytes {
                    blobs[position] = try await store.put(pieces, limit: head.size)
                    continue
                }
                var bytes: [UInt8] = []
                for try await piece in pieces { bytes += piece }
                if running == mostAtOnce, let (stored, blob) = try await group.next() {
                    blobs[stored] = blob
                    running -= 1
                }
                running += 1
                group.addTask { [bytes] in (position, try await store.put(bytes)) }
            }
            for try await (stored, blob) in group { blobs[stored] = blob }
            return heads.enumerated().map { $1.file(blobs[$0] ?? .empty) }
        }
    }
}

/// An entry's frame.
private struct ArchiveEntry {
    private static let folderBits: UInt32 = 0o040000

    let name: String
    let isFolder: Bool
    let size: Int64
    let mode: UInt32
    let modifiedSeconds: Int64

    /// Nil for the frame behind the last entry.
    init?(_ frame: Frame) throws(ArchiveError) {
        if frame.kind == "end" { return nil }
        guard frame.kind == "entry", let name = frame.head["name"]?.text, JobPath.isSafe("/" + name),
            let size = frame.head["size"]?.integer, let mode = frame.head["mode"]?.integer,
            let modified = frame.head["modified"]?.integer
        else { throw .failed("its process wrote a frame that nobody expects") }
        self.name = name
        self.size = size
        self.mode = UInt32(clamping: mode) & 0o777
        modifiedSeconds = modified
        isFolder = frame.head["folder"]?.isTrue ?? false
    }

    func file(_ blob: BlobReference) -> FileEntry {
        FileEntry(
            path: name, blob: blob, modifiedNanoseconds: modifiedSeconds * 1_000_000_000,
            mode: isFolder ? mode | Self.folderBits : mode)
    }
}
