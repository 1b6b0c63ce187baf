import RunSurgeCore
import RunSurgeWorker

/// Archives of one blob store, handled in the sandbox.
struct ArchiveDesk: ArchiveHandling {
    private let inflater: ArchiveInflater
    private let packer: ArchivePacker
    private let blobs: any BlobStore

    init(in sandbox: ArchiveSandbox, blobs: any BlobStore) {
        inflater = ArchiveInflater(in: sandbox)
        packer = ArchivePacker(in: sandbox)
        self.blobs = blobs
    }

    func inflate(_ archive: BlobReference) async throws -> [FileEntry] {
        do {
            return try await inflater.inflate(archive, in: blobs)
        } catch ArchiveError.refused(let sentence) {
            throw ArchiveRefusal(reason: sentence)
        }
    }

    func pack(_ files: [FileEntry]) async throws -> BlobReference { try await packer.pack(files, in: blobs) }
}
