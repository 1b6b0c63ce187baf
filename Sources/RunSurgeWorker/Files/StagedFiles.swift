internal import Glibc
internal import RunSurgeCore

/// Puts a job's files below a folder, each at its own path.
struct StagedFiles: Sendable {
    /// Files from this size on are linked to the cache instead of copied, where they can't be written to.
    static let linkBytes: Int64 = 64 << 20

    let root: String
    let cache: BlobCache

    /// - Parameters:
    ///   - base: this part of every path is left out, so that the working directory can be staged by itself.
    ///   - mayLink: nobody can write below `root`.
    func place(_ entries: [FileEntry], without base: String = "", mayLink: Bool) async throws {
        try await BlockingWork.run { [root] in
            try FileTree.makeFolder(root)
            for entry in entries {
                let path = root + entry.path.dropFirst(base.utf8.count)
                try FileTree.makeFolder(entry.isDirectory ? path : JobPath.parent(path))
            }
        }
        for entry in entries where !entry.isDirectory {
            let path = root + entry.path.dropFirst(base.utf8.count)
            try await cache.withFile(entry.blob) { source in
                try await BlockingWork.run { try Self.place(entry, from: source, at: path, mayLink: mayLink) }
            }
        }
        try await BlockingWork.run { [root] in
            // The innermost first: a folder's time changes with what is put into it.
            for entry in entries.filter(\.isDirectory).sorted(by: { $0.path.utf8.count > $1.path.utf8.count }) {
                let path = root + entry.path.dropFirst(base.utf8.count)
                try FileTree.setModified(path, nanoseconds: entry.modifiedNanoseconds)
                try FileTree.setMode(path, entry.mode)
            }
        }
    }

    private static func place(
        _ entry: FileEntry, from source: String, at path: String, mayLink: Bool
    ) throws(SystemError) {
        if mayLink, entry.blob.size >= linkBytes, link(source, path) == 0 {
            // The time is the file's, whatever its name. Its mode stays: it must never become writable.
            return try FileTree.setModified(path, nanoseconds: entry.modifiedNanoseconds)
        }
        try FileTree.copy(source, to: path)
        try FileTree.setMode(path, entry.mode)
        try FileTree.setModified(path, nanoseconds: entry.modifiedNanoseconds)
    }
}
