import Foundation

/// The folder in which a cluster of this machine keeps everything, held by one process at a time.
final class ClusterFolder: Sendable {
    let path: String
    private let lock: Int32

    var database: String { path + "/postgresql" }
    var blobs: String { path + "/blobs" }
    var worker: String { path + "/worker" }
    var syntax: String { path + "/syntax" }
    var log: String { path + "/runsurge.log" }
    var secrets: String { path + "/secrets.json" }

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
