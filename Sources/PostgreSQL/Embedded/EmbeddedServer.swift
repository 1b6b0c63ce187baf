import Glibc
public import Logging
import Synchronization

/// A private PostgreSQL server in a folder: reachable by a Unix socket only, ended with this process, even when that
/// is killed, and recovered at the next start. A server that crashes is started again.
///
/// A fresh cluster is synced to disk while it serves already, for about a second: only a power cut in that second
/// can damage it, and then its first data with it.
public final class EmbeddedServer: Sendable {
    static let user = "runsurge"

    /// How to connect; valid until `stop`.
    public let connection: ConnectionConfiguration
    /// As `server_version_num` / 10000.
    public let majorVersion: Int
    private let supervision: Supervision

    private init(launcher: ServerLauncher, supervision: Supervision) {
        connection = ConnectionConfiguration(
            host: launcher.folder.socketFolder, database: "postgres", user: Self.user, sslMode: "disable")
        majorVersion = launcher.installation.majorVersion
        self.supervision = supervision
    }

    deinit { supervision.requestStop() }

    /// Starts the server of `folder`, made when it is not there: its cluster, socket, log and lock all lie there.
    ///
    /// Throws `.embeddedServer` or `.folderInUse`, with one sentence that says what to do.
    public static func start(
        folder: String, logger: Logger = Logger(label: "runsurge.postgresql")
    ) async throws(PostgreSQLError) -> EmbeddedServer {
        let result = await withCheckedContinuation { continuation in
            // This thread lives as long as the server, which ends with it.
            DedicatedThread.start(name: "postgresql-run") {
                do throws(PostgreSQLError) {
                    let launcher = try ServerLauncher(folder: folder)
                    let isFresh = try launcher.initialize()
                    let process = try launcher.launch()
                    if isFresh { synchronizeLater(launcher.folder.cluster) }
                    let supervision = Supervision(launcher: launcher, logger: logger)
                    continuation.resume(
                        returning: Result<_, PostgreSQLError>.success(
                            EmbeddedServer(launcher: launcher, supervision: supervision)))
                    supervision.run(process)
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Starts the server of the first folder `parent/0`, `parent/1`, … that no other process uses: programs that run side
    /// by side get a server each, and nearly always one whose cluster is there already.
    ///
    /// Throws `.embeddedServer`, or `.folderInUse` when `limit` of them are in use.
    public static func start(
        firstFreeOf parent: String, limit: Int = 64, logger: Logger = Logger(label: "runsurge.postgresql")
    ) async throws(PostgreSQLError) -> EmbeddedServer {
        var number = 0
        while true {
            do throws(PostgreSQLError) {
                return try await start(folder: "\(parent)/\(number)", logger: logger)
            } catch {
                number += 1
                guard error.kind == .folderInUse, number < limit else { throw error }
            }
        }
    }

    /// The server's process, for tests and diagnostics; nil while it is down.
    public var processIdentifier: Int32? { supervision.processIdentifier }

    /// Ends the server: open sessions are cut, what is committed is kept. Idempotent.
    public func stop() async { await supervision.stop() }

    private static func synchronizeLater(_ cluster: String) {
        DedicatedThread.start(name: "postgresql-sync") { FileTree.synchronize(cluster) }
    }
}
