import Foundation

/// A file system in memory with little room; needs root, as the tests of a container and of CI have it.
final class SmallDisk {
    struct CannotMount: Error, CustomStringConvertible {
        let reason: String
        var description: String { "mount failed (\(reason)): run the tests as root, `sudo -E swift test`" }
    }

    let path: String

    init(megabytes: Int) throws {
        path = FileManager.default.temporaryDirectory.path + "/runsurge-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            let reason = String(cString: strerror(errno))
            rmdir(path)
            throw CannotMount(reason: reason)
        }
    }

    deinit {
        umount2(path, 2)  // MNT_DETACH
        rmdir(path)
    }
}
