internal import Glibc

/// The folder of the endpoints for this machine: whoever may enter it is let in, so nobody else may.
enum LocalFolder {
    /// Bytes that a Unix socket's path can have, its final zero left out.
    static let pathLimit = 107

    /// Makes the folder, or checks that it is ours and ours alone.
    /// - Throws: `MasterError.cannotBind` with what to do.
    static func prepare(_ path: String) throws {
        guard "\(path)/\(LinkDomain.heartbeats)".utf8.count <= pathLimit else {
            throw MasterError.cannotBind("the folder \(path) has too long a name for Unix sockets")
        }
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw MasterError.cannotBind("can't make \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw MasterError.cannotBind("\(path) is not a folder of this account; remove it")
        }
        guard status.st_mode & 0o777 == 0o700 || chmod(path, 0o700) == 0 else {
            throw MasterError.cannotBind("\(path) is open to others; remove it")
        }
    }
}
