internal import CLinux
internal import Glibc

/// Folders and files of the agent's own. Everything here blocks.
enum FileTree {
    /// Creates the folder and those above it.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(SystemError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("mkdir \(path)")
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("mkdir \(path)") }
    }

    /// Removes whatever is at `path`, links as links. What a script made unreadable is made readable first.
    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        if status.st_mode & 0o700 != 0o700 { chmod(path, 0o700) }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// Names in a folder, in the order of their bytes; empty when it can't be read.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(path, &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Copies a regular file's bytes to a new file, within the file system's own means where it has any.
    static func copy(_ source: String, to target: String) throws(SystemError) {
        let input = try FileDescriptor.open(source, O_RDONLY | O_NOFOLLOW)
        let output = try FileDescriptor.open(target, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        while true {
            let count = runsurge_copy(input.rawValue, output.rawValue, 1 << 30)
            if count == 0 { return }
            if count > 0 || errno == EINTR { continue }
            guard [ENOSYS, EXDEV, EINVAL, EOPNOTSUPP].contains(errno) else { throw SystemError("copy to \(target)") }
            return try copyByHand(input, output)
        }
    }

    private static func copyByHand(
        _ input: borrowing FileDescriptor, _ output: borrowing FileDescriptor
    ) throws(SystemError) {
        var offset: Int64 = 0
        guard lseek(output.rawValue, 0, SEEK_SET) == 0, ftruncate(output.rawValue, 0) == 0 else {
            throw SystemError("ftruncate")
        }
        while true {
            let piece = try input.read(at: offset, limit: 1 << 20)
            if piece.isEmpty { return }
            try output.write(piece)
            offset += Int64(piece.count)
        }
    }

    static func setModified(_ path: String, nanoseconds: Int64) throws(SystemError) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        // Before 1970 the rest is negative, and a timespec's must not be.
        let borrow: Int64 = rest < 0 ? 1 : 0
        let time = timespec(tv_sec: Int(seconds - borrow), tv_nsec: Int(rest + borrow * 1_000_000_000))
        var times = [time, time]
        guard utimensat(AT_FDCWD, path, &times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError("utimensat \(path)")
        }
    }

    static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        guard chmod(path, mode & 0o7777) == 0 else { throw SystemError("chmod \(path)") }
    }
}

/// What `lstat` says of a file, as far as it tells one version from another.
struct FileStatus: Equatable {
    enum Kind { case regular, folder, other }

    let kind: Kind
    let size: Int64
    let mode: UInt32
    let inode: UInt64
    let modifiedNanoseconds: Int64
    /// Of the last change of content or attributes; a script can't set it.
    let changedNanoseconds: Int64

    /// Nil when there is nothing.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .folder
        default: kind = .other
        }
        size = Int64(status.st_size)
        mode = status.st_mode
        inode = UInt64(status.st_ino)
        modifiedNanoseconds = Self.nanoseconds(status.st_mtim)
        changedNanoseconds = Self.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int64(time.tv_nsec)
    }
}
