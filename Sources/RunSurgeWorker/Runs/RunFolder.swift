internal import Glibc
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
    /// Where a chunk process notes how far it has come.
    var progress: String { path + "/progress" }

    /// Where a sandbox shows `blobs`.
    static let shownBlobs = "/run/runsurge/blobs"
    static let shownProgress = "/run/runsurge/progress"

    /// Blocks.
    func make() throws(SystemError) {
        for folder in [path, work, blobs, uploads] { try FileTree.makeFolder(folder, mode: 0o700) }
        try FileTree.makeFolder(temporary, mode: 0o700)
        try FileTree.setMode(temporary, 0o1777)
        try FileTree.setMode(work, 0o755)
        try FileDescriptor.open(progress, O_WRONLY | O_CREAT, mode: 0o600).write(
            [UInt8](repeating: 0, count: ProgressPage.bytes))
    }

    /// Blocks. The processes must be gone.
    func remove() { FileTree.remove(path) }
}
