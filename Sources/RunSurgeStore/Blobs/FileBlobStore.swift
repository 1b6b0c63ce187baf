public import RunSurgeCore

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Blobs as files below one folder, `aa/aabbcc…`, read-only once they have their name. Several processes of one
/// machine may share the folder.
///
/// All file calls run on a few threads of the store's own. Memory does not grow with the size of a blob.
public struct FileBlobStore: BlobStore {
    let root: String
    private let temporary: String
    let pool: BlockingPool

    /// Opens the folder, creating it when needed, and removes what interrupted writers left behind. Blocks briefly.
    /// - Throws: `FileError`, `BlobError.storageFull`
    public init(folder: String, threads: Int = 4) throws {
        root = folder
        temporary = folder + "/temporary"
        pool = BlockingPool(label: "runsurge.blobs", width: threads)
        for path in [root, temporary, folder + "/sizes"] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw FileError(operation: "mkdir", path: path, code: errno)
        }
        try TemporaryFile.sweep(temporary)
    }

    public func put<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, limit: Int64, expecting expected: String?
    ) async throws -> BlobReference where Chunks.Element == [UInt8] {
        let folder = temporary
        let file = try await pool.run { try TemporaryFile(in: folder) }
        return try await discardingOnFailure(file) {
            try await append(chunks, to: file, limit: limit)
            try file.reference.require(name: expected)
            return try await publish(file)
        }
    }

    /// Bytes that are written at one go: a piece of a request is small beside what it takes to hand it to a thread.
    private static let writtenBytes = 512 << 10

    /// Writes and hashes what has come while more of it comes. The file is at rest when this returns.
    private func append<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, to file: TemporaryFile, limit: Int64
    ) async throws where Chunks.Element == [UInt8] {
        var writing: Task<Void, any Error>?
        func write(_ bytes: [UInt8]) async throws {
            try await writing?.value
            writing = Task { try await pool.run { try file.append(bytes, limit: limit) } }
        }
        do {
            var gathered: [UInt8] = []
            for try await piece in chunks {
                gathered += piece
                guard gathered.count >= Self.writtenBytes else { continue }
                try await write(gathered)
                gathered = []
            }
            if !gathered.isEmpty { try await write(gathered) }
        } catch {
            _ = await writing?.result
            throw error
        }
        try await writing?.value
    }

    /// The file is copied, in no more time than its disk takes (at once where the file system shares extents): a hard
    /// link would let whoever may write the file change the blob. What is stored is what was hashed, also when the
    /// file changes meanwhile.
    public func put(fileAt path: String) async throws -> BlobReference {
        let source = try await pool.run {
            let source = try FileHandle(path: path, flags: O_RDONLY)
            guard try source.status().isRegularFile else {
                throw FileError(operation: "read", path: path, code: EINVAL)
            }
            return source
        }
        let folder = temporary
        if let small = try await pool.run({ try putSmall(source, in: folder) }) { return small }
        if let known = try await known(source) { return known }
        let file = try await pool.run { try TemporaryFile(in: folder) }
        return try await discardingOnFailure(file) {
            // In slices, so that a large file leaves the threads to others in between, and can be given up.
            let isClone = try await pool.run { file.clone(source) }
            while try await pool.run({ try isClone ? file.hashSlice() : file.copySlice(of: source) }) {
                try Task.checkCancellation()
            }
            return try await publish(file)
        }
    }

    private static let smallBytes: Int64 = 256 << 10

    /// A small file at one go, without handing it from thread to thread; nil when it is not small. Blocks.
    private func putSmall(_ source: FileHandle, in folder: String) throws -> BlobReference? {
        guard try source.status().size <= Self.smallBytes else { return nil }
        let file = try TemporaryFile(in: folder)
        do {
            while try file.copySlice(of: source) {}
            let blob = file.reference
            try publish(file, as: blob)
            return blob
        } catch {
            file.discard()
            throw error
        }
    }

    /// The blob of a large file that is stored already. Only a file whose size some blob has is worth hashing for that:
    /// it saves the copy, which takes several times as long.
    private func known(_ source: FileHandle) async throws -> BlobReference? {
        let size = try await pool.run { try source.status().size }
        guard size >= Self.markedBytes else { return nil }
        let (folder, marker) = (temporary, marker(size))
        guard try await pool.run({ access(marker, F_OK) == 0 }) else { return nil }
        let hasher = try await pool.run { try TemporaryFile(in: folder) }
        while try await pool.run({ try hasher.hashSlice(of: source) }) { try Task.checkCancellation() }
        let blob = hasher.reference
        return try await contains(blob) ? blob : nil
    }

    private static let markedBytes: Int64 = 1 << 20

    /// An empty file that says that there is, or was, a blob of this size.
    private func marker(_ size: Int64) -> String { "\(root)/sizes/\(size)" }

    /// The room that a failed write took is free again when its error is thrown.
    private func discardingOnFailure(
        _ file: TemporaryFile, _ body: () async throws -> BlobReference
    ) async throws -> BlobReference {
        do {
            return try await body()
        } catch {
            try await pool.run { file.discard() }
            throw error
        }
    }

    public func read(_ blob: BlobReference, range: Range<Int64>) async throws -> AsyncThrowingStream<[UInt8], any Error>
    {
        let clamped = range.clamped(to: 0..<blob.size)
        let path = try path(of: blob)
        let file = try await pool.run {
            let file = try Self.open(blob, at: path)
            try Self.touch(file)
            return file
        }
        let reader = BlobReader(file: file, blob: blob, range: clamped, pool: pool)
        return AsyncThrowingStream { try await reader.next() }
    }

    public func materialize(_ blob: BlobReference, at destination: String) async throws {
        let source = try path(of: blob)
        try await pool.run {
            let file = try Self.open(blob, at: source)
            let staged = "\(destination).runsurge-\(UInt64.random(in: 0 ... .max))"
            // Also needed after a successful rename: one of two names of the same file leaves both in place.
            defer { unlink(staged) }
            if link(source, staged) != 0 {
                guard [EXDEV, EMLINK, EPERM, ENOTSUP].contains(errno) else {
                    _ = try retrying("link", staged) { link(source, staged) }
                    return
                }
                try Self.copy(file, size: blob.size, to: staged)
            }
            _ = try retrying("rename", destination) { rename(staged, destination) }
        }
    }

    public func contains(_ blob: BlobReference) async throws -> Bool {
        do {
            _ = try await localPath(of: blob)
            return true
        } catch BlobError.notFound {
            return false
        } catch BlobError.corrupted {
            return false
        }
    }

    /// Tells a collection that somebody has an interest in the blob.
    private static func touch(_ file: FileHandle) throws { try file.setMode(0o444) }

    /// Where the blob lies, for a process of the same machine that may read the folder. The file must not be changed.
    /// - Throws: `BlobError.notFound`; `.corrupted` when its size is wrong.
    public func localPath(of blob: BlobReference) async throws -> String {
        let path = try path(of: blob)
        return try await pool.run {
            try Self.touch(Self.open(blob, at: path))
            return path
        }
    }

    /// Removes a blob that no job needs any more; one that is not there is fine. Who reads it now reads on.
    public func remove(_ blob: BlobReference) async throws {
        let path = try path(of: blob)
        try await pool.run {
            if unlink(path) != 0, errno != ENOENT { throw FileError(operation: "unlink", path: path, code: errno) }
        }
    }

    private func publish(_ file: TemporaryFile) async throws -> BlobReference {
        let blob = file.reference
        try await pool.run { try publish(file, as: blob) }
        return blob
    }

    private func publish(_ file: TemporaryFile, as blob: BlobReference) throws {
        let path = try path(of: blob)
        // Without it, the next of its kind is only slower.
        if blob.size >= Self.markedBytes { _ = try? FileHandle(path: marker(blob.size), flags: O_WRONLY | O_CREAT) }
        if let known = try? Self.open(blob, at: path) {
            try Self.touch(known)
        } else {
            try file.publish(at: path, in: folder(of: blob), root: root)
        }
    }

    private func folder(of blob: BlobReference) -> String { "\(root)/\(blob.sha256.prefix(2))" }

    private func path(of blob: BlobReference) throws -> String {
        guard BlobReference.isValidName(blob.sha256) else { throw BlobError.notFound(blob.sha256) }
        return "\(folder(of: blob))/\(blob.sha256)"
    }

    private static func open(_ blob: BlobReference, at path: String) throws -> FileHandle {
        let file: FileHandle
        do {
            file = try FileHandle(path: path, flags: O_RDONLY | O_NOFOLLOW)
        } catch let error as FileError where error.code == ENOENT {
            throw BlobError.notFound(blob.sha256)
        }
        guard try file.status().size == blob.size else { throw BlobError.corrupted(blob.sha256) }
        return file
    }

    private static func copy(_ file: FileHandle, size: Int64, to path: String) throws {
        let target = try FileHandle(path: path, flags: O_WRONLY | O_CREAT | O_EXCL)
        var offset: Int64 = 0
        while offset < size {
            let bytes = try file.read(at: offset, count: Int(BlobReader.pieceBytes))
            guard !bytes.isEmpty else { throw FileError(operation: "read", path: file.path, code: EIO) }
            try target.write(bytes)
            offset += Int64(bytes.count)
        }
        try target.setMode(0o444)
    }
}
