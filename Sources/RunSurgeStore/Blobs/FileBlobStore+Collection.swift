import RunSurgeCore

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension FileBlobStore {
    /// Removes every blob that nobody has stored, read or asked for within `grace` and that `inUse`, given names in
    /// groups of at most 1,000, does not return.
    ///
    /// The time is that of the file's last change of status, which cannot be set back: its time of modification belongs
    /// to the scripts that are given links to it.
    func collect(
        unusedFor grace: Duration, inUse: @Sendable ([String]) async throws -> Set<String>
    ) async throws -> BlobCollection {
        var collection = BlobCollection()
        let root = root
        let folders = try await pool.run { names(in: root).filter { $0.utf8.count == 2 }.sorted() }
        for folder in folders {
            let path = "\(root)/\(folder)"
            let old = try await pool.run {
                names(in: path).filter { BlobReference.isValidName($0) && isUnused("\(path)/\($0)", for: grace) != nil }
            }
            for start in stride(from: 0, to: old.count, by: 1_000) {
                let group = Array(old[start..<min(start + 1_000, old.count)])
                let unused = Set(group).subtracting(try await inUse(group))
                let sizes = try await pool.run {
                    // Asked again: since the first time, somebody may have been told that the blob is there.
                    unused.compactMap { name -> Int64? in
                        guard let size = isUnused("\(path)/\(name)", for: grace) else { return nil }
                        return unlink("\(path)/\(name)") == 0 ? size : nil
                    }
                }
                collection.count += sizes.count
                collection.bytes += sizes.reduce(0, +)
            }
        }
        try await pool.run {
            for name in names(in: "\(root)/sizes") where isUnused("\(root)/sizes/\(name)", for: grace) != nil {
                unlink("\(root)/sizes/\(name)")
            }
        }
        return collection
    }

    /// How many blobs there are, and their bytes. Looks at every file.
    public func usage() async throws -> BlobCollection {
        var usage = BlobCollection()
        let root = root
        let folders = try await pool.run { names(in: root).filter { $0.utf8.count == 2 } }
        for folder in folders {
            let path = "\(root)/\(folder)"
            let sizes = try await pool.run {
                names(in: path).filter(BlobReference.isValidName).compactMap { isUnused("\(path)/\($0)", for: .zero) }
            }
            usage.count += sizes.count
            usage.bytes += sizes.reduce(0, +)
        }
        return usage
    }
}

/// Its size, if nothing has happened to the file for `grace`; nil also when it is gone.
private func isUnused(_ path: String, for grace: Duration) -> Int64? {
    var status = stat()
    var now = timespec()
    guard lstat(path, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
    let age = Duration.seconds(now.tv_sec - status.st_ctim.tv_sec) + .nanoseconds(now.tv_nsec - status.st_ctim.tv_nsec)
    return age >= grace ? Int64(status.st_size) : nil
}

/// Names in a folder; none when it cannot be read. Blocks.
func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}
