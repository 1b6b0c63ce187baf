public import RunSurgeCore

/// What an archive may be at most; one that is more is refused before anything of it is stored.
public struct ArchiveLimits: Sendable, Equatable {
    /// Files and folders.
    public var entries: Int
    /// Bytes of one inflated entry.
    public var entryBytes: Int64
    /// Bytes of all inflated entries together.
    public var totalBytes: Int64
    /// Inflated bytes of an entry for each that it has in the archive; entries of up to 1 MiB may be packed tighter.
    public var ratio: Int
    /// UTF-8 bytes of an entry's whole name.
    public var nameBytes: Int
    /// Parts of a name.
    public var depth: Int
    /// How long inflating may take, the storing included.
    public var time: Duration

    public init(
        entries: Int = Limits.inputFiles, entryBytes: Int64 = Limits.uploadBytes,
        totalBytes: Int64 = 2 * Limits.uploadBytes, ratio: Int = 500, nameBytes: Int = 1_024, depth: Int = 32,
        time: Duration = .seconds(900)
    ) {
        self.entries = entries
        self.entryBytes = entryBytes
        self.totalBytes = totalBytes
        self.ratio = ratio
        self.nameBytes = nameBytes
        self.depth = depth
        self.time = time
    }

    /// As `archive.py` reads them.
    var json: JSONValue {
        .object([
            "entries": .integer(Int64(entries)), "entry_bytes": .integer(entryBytes),
            "total_bytes": .integer(totalBytes), "ratio": .integer(Int64(ratio)),
            "name_bytes": .integer(Int64(nameBytes)), "depth": .integer(Int64(depth)),
        ])
    }
}
