import Glibc

/// The folder of an embedded server: its cluster, its socket, its log and its lock. Calls block.
///
/// The lock is held until `unlock`, the end of this object or the end of the process.
final class ServerFolder: Sendable {
    let path: String
    let socketFolder: String
    private let lock: Int32

    var cluster: String { "\(path)/cluster" }
    var draft: String { "\(path)/cluster.new" }
    var log: String { "\(path)/server.log" }

    private static let contents: Set<String> = [
        "cluster", "cluster.new", "socket", "lock", "server.log", "server.log.1",
    ]

    /// Creates the folder when needed and locks it. Throws `.embeddedServer`.
    init(_ folder: String) throws(PostgreSQLError) {
        let absolute = try Self.create(folder)
        // It will belong to the server's account, and to nobody else: not a folder that serves others.
        guard Set(FileTree.names(in: absolute)).isSubset(of: Self.contents) else {
            throw PostgreSQLError(
                kind: .embeddedServer,
                message: "The data folder \(absolute) holds other files: choose one that is empty or not there.")
        }
        path = absolute
        let limit = 107 - "/.s.PGSQL.5432".utf8.count
        let own = "\(absolute)/socket"
        // The kernel bounds a socket's path; a long folder gets a short name made from its own.
        socketFolder = own.utf8.count <= limit ? own : "/tmp/runsurge-\(Self.digest(absolute))"
        lock = open("\(absolute)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Self.failure("open", "\(absolute)/lock") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let holder = FileTree.read("\(absolute)/lock")?.trimmingNewlines() ?? ""
            close(lock)
            throw PostgreSQLError(
                kind: .folderInUse,
                message: "The data folder \(absolute) is used by another running RunSurge"
                    + "\(holder.isEmpty ? "" : " (process \(holder))"): stop it, or choose another folder.")
        }
        ftruncate(lock, 0)
        let line = Array("\(getpid())\n".utf8)
        pwrite(lock, line, line.count, 0)
    }

    deinit { close(lock) }

    /// Lets another program use the folder.
    func unlock() { flock(lock, LOCK_UN) }

    /// The version that made the cluster; nil when there is none.
    var clusterVersion: Int? { FileTree.read("\(cluster)/PG_VERSION").flatMap { Int($0.trimmingNewlines()) } }

    var clusterOwner: uid_t? { FileTree.status(cluster)?.st_uid }

    /// Gives the account what it must own.
    func prepare(for account: ServerAccount) throws(PostgreSQLError) {
        for folder in [path, socketFolder] {
            if mkdir(folder, 0o700) != 0, errno != EEXIST { throw Self.failure("mkdir", folder) }
            // In /tmp somebody else may have put a folder, or a link, of that name.
            var status = stat()
            guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
                status.st_uid == geteuid() || status.st_uid == account.user
            else {
                throw PostgreSQLError(
                    kind: .embeddedServer,
                    message:
                        "The folder \(folder) belongs to another account: remove it, or choose another data folder.")
            }
            if account.isOther, chown(folder, account.user, account.group) != 0 { throw Self.failure("chown", folder) }
            if chmod(folder, 0o700) != 0 { throw Self.failure("chmod", folder) }
        }
    }

    /// Whether the account can walk from / to the folder by the permission bits alone.
    func isReachable(by account: ServerAccount) -> Bool {
        guard account.isOther else { return true }
        var folder = Substring(path)
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            guard let status = FileTree.status(folder.isEmpty ? "/" : String(folder)) else { return false }
            let bit = status.st_uid == account.user ? S_IXUSR : status.st_gid == account.group ? S_IXGRP : S_IXOTH
            if status.st_mode & bit == 0 { return false }
        }
        return true
    }

    /// The log, open for appending; a long one is put aside first.
    func openLog() throws(PostgreSQLError) -> (descriptor: Int32, size: Int) {
        if let size = FileTree.status(log)?.st_size, size > 8 << 20 { rename(log, "\(log).1") }
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", log) }
        return (descriptor, Int(FileTree.status(log)?.st_size ?? 0))
    }

    static func failure(_ call: String, _ path: String) -> PostgreSQLError {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return diskFull(path) }
        return PostgreSQLError(
            kind: .embeddedServer,
            message: "The data folder cannot be used: \(call) of \(path) failed (\(SystemCallError(code: code)));"
                + " choose another folder, or change its permissions.")
    }

    static func diskFull(_ path: String) -> PostgreSQLError {
        PostgreSQLError(
            kind: .embeddedServer,
            message: "The disk of \(path) is full: free some space (a fresh database takes 64 MB) and start again.")
    }

    /// Makes the folder and what is missing above it; returns its path without links and dots.
    private static func create(_ folder: String) throws(PostgreSQLError) -> String {
        var partial = folder.hasPrefix("/") ? "" : "."
        for name in folder.split(separator: "/") {
            partial += "/\(name)"
            if mkdir(partial, 0o755) != 0, errno != EEXIST, errno != EROFS || access(partial, F_OK) != 0 {
                throw failure("mkdir", partial)
            }
        }
        guard let resolved = realpath(folder, nil) else { throw failure("realpath", folder) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// FNV-1a, 64 bits.
    private static func digest(_ text: String) -> String {
        String(text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 36)
    }
}
