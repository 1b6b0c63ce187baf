import ArgumentParser
import Foundation
import RunSurgeAPI

struct MasterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "master",
        abstract: "Runs a master on a database of its own choice; workers are attached to it.",
        discussion: """
            Every option may also be given as a variable, in the environment or in a .env file: DB_HOST, DB_PORT, \
            DB_NAME, DB_USER, DB_PASSWORD, SECRET_KEY, ALGORITHM, ACCESS_TOKEN_EXPIRE_MINUTES, \
            REFRESH_TOKEN_EXPIRE_DAYS, MASTER_PORT (or RUNSURGE_WORK_PORT), RUNSURGE_HOST, RUNSURGE_PORT, \
            RUNSURGE_DATA, RUNSURGE_BLOBS, RUNSURGE_SERVER_KEYS, RUNSURGE_BLOB_URL, RUNSURGE_ALLOWED_ORIGINS, \
            RUNSURGE_METRICS_TOKEN (reads /metrics from other machines), RUNSURGE_LEASE_SECONDS (how long work stays \
            with a worker that is silent, 2 to 3600, default 30).

            Several masters may share a database: one leads, the others stand by, serve REST, and take over when it \
            ends. Give them the same SECRET_KEY and a folder for uploaded files that all of them reach (--blobs); tell \
            workers all of their endpoints.
            """)

    @Option(help: "The folder that this master keeps its own things in.") var data: String?
    @Option(help: "The folder for uploaded files, shared by the masters of a database (default: in --data).")
    var blobs: String?
    @Option(help: "Address to listen on (default: 127.0.0.1).") var host: String?
    @Option(help: "Port of the REST facade (default: 8000).") var port: Int?
    @Option(help: "First of four ports for workers and monitoring tools (default: 50051).") var workPort: Int?
    @Flag(help: "Fail when another master leads the database, rather than to stand by.") var noStandby = false
    @Option(help: "A file of NAME=value lines (default: .env, when there is one).") var config: String?
    @OptionGroup var python: PythonOptions

    func run() async throws {
        let settings = try await Settings(
            flags: [
                "runsurge.data": data, "runsurge.blobs": blobs, "runsurge.host": host,
                "runsurge.port": port.map { "\($0)" }, "runsurge.work.port": workPort.map { "\($0)" },
            ], file: config)
        guard let database = try DatabaseSettings.read(settings) else {
            throw CommandError.usage(
                "a master needs a database: set DB_HOST, DB_NAME, DB_USER and DB_PASSWORD; "
                    + "or use `runsurge up`, which brings its own")
        }
        let folder = try ClusterFolder(
            path: Path.absolute(settings.text("runsurge.data") ?? ClusterFolder.base + "/master"))
        let master = MasterSettings(
            folder: folder, blobs: settings.text("runsurge.blobs").map { Path.absolute($0) }, standsBy: !noStandby,
            database: .external(database), slots: 0, access: try access(settings),
            leaseDuration: .seconds(try settings.integer("runsurge.lease.seconds", in: 2...3600, default: 30)),
            secrets: try secrets(settings, folder),
            serverKeys: settings.text("runsurge.server.keys").map { Path.absolute($0) }, python: python)
        try await MasterProcess.with(master, logger: ServerLog.logger()) { master in
            if let access = master.access {
                if let endpoints = access.endpoints {
                    print("RunSurge's master is at \(access.url), workers attach to \(endpoints.work)")
                } else {
                    print("RunSurge's master is at \(access.url), standing by: another one leads")
                }
                fflush(nil)
            }
            await Shutdown.requested(withParent: false)
        }
    }

    private func access(_ settings: Settings) throws -> MasterSettings.Access {
        let algorithms = APIConfiguration.Algorithm.allCases.map(\.rawValue)
        let algorithm = try settings.choice("algorithm", of: algorithms, default: "HS256")
        return MasterSettings.Access(
            host: settings.text("runsurge.host") ?? "127.0.0.1",
            port: try settings.integer("runsurge.port", in: 0...65_535, default: 8000),
            workPort: try settings.integer("runsurge.work.port", alias: "master.port", in: 0...65_532, default: 50_051),
            blobURL: settings.text("runsurge.blob.url"), hasOperator: false,
            metricsToken: try settings.secret("runsurge.metrics.token", minimumLength: 16),
            documentAssets: try settings.documentAssets(), scan: try ScanSettings.read(settings),
            allowedOrigins: (settings.text("runsurge.allowed.origins") ?? "").split(separator: ",").map(String.init),
            accessTokenMinutes: try settings.integer(
                "access.token.expire.minutes", in: 1...100_000, default: 60),
            refreshTokenDays: try settings.integer("refresh.token.expire.days", in: 1...3650, default: 7),
            algorithm: APIConfiguration.Algorithm(rawValue: algorithm) ?? .hs256)
    }

    /// What is not configured is made and kept in the folder.
    private func secrets(_ settings: Settings, _ folder: ClusterFolder) throws -> ClusterSecrets {
        let kept = try ClusterSecrets.loadOrMake(at: folder.secrets)
        return ClusterSecrets(
            signing: try settings.secret("secret.key", minimumLength: 32) ?? kept.signing,
            operatorToken: kept.operatorToken)
    }
}
