/// Zip archives: from strangers, and for them.
public protocol ArchiveHandling: Sendable {
    /// Stores every file of an archive as a blob of its own.
    /// - Returns: files and folders in the archive's order, under relative paths.
    /// - Throws: `ArchiveRefusal` for what is wrong with the archive itself; a further attempt gives the same then.
    func inflate(_ archive: BlobReference) async throws -> [FileEntry]
    /// Stores an archive of files and folders under relative paths, no two the same. The same files make the same
    /// archive, whatever their order and times.
    func pack(_ files: [FileEntry]) async throws -> BlobReference
}

/// An archive is not acceptable.
public struct ArchiveRefusal: Error, Equatable {
    /// A sentence for who has sent it.
    public let reason: String

    public init(reason: String) { self.reason = reason }
}
