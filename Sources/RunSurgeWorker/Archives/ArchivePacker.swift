public import RunSurgeCore

/// Makes zip archives of blobs.
public struct ArchivePacker: Sendable {
    private let sandbox: ArchiveSandbox
    /// How long packing may take, the storing included.
    private let time: Duration

    public init(in sandbox: ArchiveSandbox, time: Duration = .seconds(900)) {
        self.sandbox = sandbox
        self.time = time
    }

    /// Stores an archive of `files`, which have relative paths, no two the same. The same files, whatever their order
    /// and times, make the same archive.
    /// - Parameter limit: bytes of the archive.
    /// - Throws: `ArchiveError`, `BlobError.tooLarge`, what else `store` throws, `CancellationError`.
    public func pack(
        _ files: [FileEntry], in store: any BlobStore, limit: Int64 = 2 * Limits.uploadBytes
    ) async throws -> BlobReference {
        precondition(files.allSatisfy { JobPath.isSafe("/" + $0.path) }, "an archive's names are relative and plain")
        let sorted = files.sorted { $0.path < $1.path }
        return try await sandbox.run(["pack", "{}"], within: time) { folder in
            for blob in Set(sorted.map(\.blob)) where blob.size > 0 {
                try await store.materialize(blob, at: "\(folder)/\(blob.sha256)")
            }
            let list = JSONValue.array(sorted.map(\.packed))
            try await BlockingWork.run {
                try TextFile.write(String(decoding: list.bytes, as: UTF8.self), to: folder + "/list", creating: true)
            }
        } read: { process in
            try await store.put(ArchivePieces(process: process, size: nil), limit: limit)
        }
    }
}

extension FileEntry {
    /// As `archive.py` reads it.
    fileprivate var packed: JSONValue {
        .object([
            "name": .string(path), "folder": .bool(isDirectory), "blob": .string(blob.sha256),
            "size": .integer(blob.size), "mode": .integer(Int64(mode & 0o777)),
        ])
    }
}
