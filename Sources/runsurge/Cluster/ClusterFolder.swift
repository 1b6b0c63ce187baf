import Foundation

/// The folder in which a cluster of this machine keeps everything, held by one process at a time.
final class ClusterFolder: Sendable {
    let path: String
    private let lock: Int32

    var database: String { path + "/postgresql" }
    var blobs: String { path + "/blobs" }
    var worker: String { path + "/worker" }
    var syntax: String { path + "/syntax" }
    /// Of runs that take archives apart. On the disk of the blobs, so that they are linked and not copied.
    var archives: String { path + "/archives" }
    var scans: String { path + "/scans" }
    var log: String { path + "/runsurge.log" }
    var secrets: String { path + "/secrets.json" }
    /// The key of the worker that has this folder.
    var linkKey: String { path + "/key.json" }
    var serverKeys: String { Self.serverKeys(in: path) }

    static func serverKeys(in path: String) -> String { path + "/server-keys.json" }

    /// Of the endpoints for this machine. A Unix socket's path holds 107 bytes: for a folder with a longer name they
    /// are elsewhere, at a place that depends on nothing but the name.
    var sockets: String {
        let own = path + "/sockets"
        if own.utf8.count + "/heartbeats".utf8.count <= 107 { return own }
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? ""
        let base = runtime.isEmpty || runtime.utf8.count > 50 ? "/tmp" : runtime
        return "\(base)/runsurge-\(geteuid())-\(String(Self.hash(path), radix: 36))"
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Opens the folder, creating it when needed.
    /// - Throws: `CommandError` when another process holds it or it can't be made.
    init(path: String) throws {
        self.path = path
        do {
            // Others may pass through: as root, PostgreSQL's unprivileged account has its folder below.
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        } catch {
            throw CommandError.failure("can't create \(path): \(error.localizedDescription)")
        }
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw CommandError.failure("can't open \(path)/lock: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw CommandError.refused("\(path) is in use by another runsurge; name another folder with --data")
        }
    }

    deinit { close(lock) }

    /// The first folder of this kind that nobody holds. They are kept: what exists starts faster than what is new.
    static func firstFree(_ kind: String) throws -> ClusterFolder {
        let simultaneous = 64
        for number in 0..<simultaneous {
            do {
                return try ClusterFolder(path: "\(base)/\(kind)-\(number)")
            } catch let error as CommandError where error.status == CommandError.refusedStatus {
                continue
            }
        }
        throw CommandError.refused("\(simultaneous) folders \(base)/\(kind)-… are in use already; end some of them")
    }

    /// Where the folders of this account are.
    static var base: String {
        let environment = ProcessInfo.processInfo.environment
        if let chosen = environment["RUNSURGE_DATA"], !chosen.isEmpty { return Path.absolute(chosen) }
        // Home of root is closed to the account that PostgreSQL runs under.
        if geteuid() == 0 { return "/var/lib/runsurge" }
        if let data = environment["XDG_DATA_HOME"], !data.isEmpty { return data + "/runsurge" }
        return FileManager.default.homeDirectoryForCurrentUser.path + "/.local/share/runsurge"
    }
}
