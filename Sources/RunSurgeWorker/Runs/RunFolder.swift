internal import RunSurgeCore

/// The files of one process: its /tmp, its working directory, its streams. Removed when it is over.
struct RunFolder: Sendable {
    let path: String

    var temporary: String { path + "/tmp" }
    var work: String { path + "/work" }
    var blobs: String { path + "/blobs" }
    var standardOutput: String { path + "/stdout" }
    var standardError: String { path + "/stderr" }
    var uploads: String { path + "/uploads" }

    /// Where a sandbox shows `blobs`.
    static let shownBlobs = "/run/runsurge/blobs"

    /// Blocks.
    func make() throws(SystemError) {
        for folder in [path, work, blobs, uploads] { try FileTree.makeFolder(folder, mode: 0o700) }
        try FileTree.makeFolder(temporary, mode: 0o700)
        try FileTree.setMode(temporary, 0o1777)
        try FileTree.setMode(work, 0o755)
    }

    /// Blocks. The processes must be gone.
    func remove() { FileTree.remove(path) }
}
