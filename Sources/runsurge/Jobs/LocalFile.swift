import Foundation
import RunSurgeCore

/// A file or folder of this machine that a job will see at the same path.
struct LocalFile: Hashable, Sendable {
    /// Absolute.
    let path: String
    let isDirectory: Bool
    /// Bytes; 0 for a folder.
    let size: Int64
    let modifiedNanoseconds: Int64
    /// Permission bits, with S_IFDIR for a folder.
    let mode: UInt32

    /// nil when there is no such regular file or folder; symbolic links are followed.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else { return nil }
        self.path = path
        isDirectory = kind == S_IFDIR
        size = isDirectory ? 0 : Int64(status.st_size)
        modifiedNanoseconds = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        mode = status.st_mode & 0o777 | (isDirectory ? S_IFDIR : 0)
    }

    func entry(_ blob: BlobReference) -> FileEntry {
        FileEntry(path: path, blob: blob, modifiedNanoseconds: modifiedNanoseconds, mode: mode)
    }
}
