import Foundation
import PostgreSQL
import Testing

/// Masters of one database and their workers, each a process of its own, on hosts of a test's own or on this one.
final class MasterGroup: JobSteps {
    struct Address: Sendable {
        let host: String
        let port: Int
        let workPort: Int

        var url: String { "http://\(host):\(port)" }
        var work: String { "tcp://\(host):\(workPort)" }
    }

    let folder: URL
    let server: EmbeddedServer
    let addresses: [Address]
    /// Words before a client's command, such as those that enter another host.
    private let clientPrefix: [String]

    var logs: URL { folder.appending(path: "logs") }
    private var configuration: URL { folder.appending(path: "configuration") }
    var blobs: URL { folder.appending(path: "blobs") }

    init(_ addresses: [Address], clientPrefix: [String] = []) async throws {
        self.addresses = addresses
        self.clientPrefix = clientPrefix
        folder = Cluster.temporaryFolder("masters")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        server = try await EmbeddedServer.start(folder: folder.appending(path: "postgresql").path)
    }

    /// On this machine, each on ports of its own.
    static func local(_ count: Int) async throws -> MasterGroup {
        try await MasterGroup(
            (0..<count).map { _ in
                Address(host: "127.0.0.1", port: try Cluster.freePorts(), workPort: try Cluster.freePorts())
            })
    }

    private var secrets: [String: String] {
        ["SECRET_KEY": "a secret key of the tests, of 32 bytes or more"]
    }

    /// Starts master `number` of the addresses, and waits until it serves.
    func startMaster(
        _ number: Int, prefix: [String] = [], arguments: [String] = []
    ) async throws -> ChildProcess {
        let address = addresses[number]
        let connection = server.connection
        let words =
            prefix + [
                Cluster.executable, "master", "--data", folder.appending(path: "master-\(number)").path, "--blobs",
                blobs.path, "--host", address.host, "--port", "\(address.port)", "--work-port", "\(address.workPort)",
            ] + arguments
        let variables = [
            "DB_HOST": connection.host, "DB_PORT": "\(connection.port)", "DB_NAME": connection.database,
            "DB_USER": connection.user, "RUNSURGE_LOG_LEVEL": "info",
        ]
        let process = try ChildProcess(
            "/usr/bin/env", words, folder: folder, environment: secrets.merging(variables) { $1 }, logs: logs)
        do {
            try await eventually("master \(number) to answer") {
                guard process.isRunning else { throw ClusterError.ended(process.errorText) }
                return try await role(of: number) != nil
            }
        } catch let timeout as Timeout {
            process.kill()
            throw ClusterError.ended("\(timeout)\n\(process.errorText)")
        }
        return process
    }

    /// `leader` or `standby`, as its `/readyz` says; nil when it does not answer.
    func role(of number: Int) async throws -> String? {
        struct Health: Decodable { let role: String? }
        let words = clientPrefix + ["curl", "--silent", "--max-time", "2", "\(addresses[number].url)/readyz"]
        let result = try await ChildProcess("/usr/bin/env", words, logs: logs).finish()
        guard result.status == 0 else { return nil }
        let role = try? JSONDecoder().decode(Health.self, from: result.output).role
        return role == "starting" ? nil : role
    }

    /// A worker that knows all masters, enrolled with a token of the account that was registered.
    func attachWorker(
        slots: Int = 1, name: String, place: URL? = nil, prefix: [String] = [], arguments: [String] = []
    ) async throws -> ChildProcess {
        struct Token: Decodable { let token: String }
        let made = try await runsurge(["enroll", "--new-token", "--json"], in: folder).finish()
        guard let token = try JSONDecoder().decode([Token].self, from: made.output).first else {
            throw ClusterError.refused(String(decoding: made.error, as: UTF8.self))
        }
        let place = place ?? folder.appending(path: "worker-\(UUID().uuidString)")
        let words =
            prefix + [
                Cluster.executable, "worker", "--master", addresses.map(\.url).joined(separator: ","), "--connect",
                addresses.map(\.work).joined(separator: ","), "--slots", "\(slots)", "--name", name, "--folder",
                place.path,
            ] + arguments
        return try ChildProcess(
            "/usr/bin/env", words, folder: FileManager.default.temporaryDirectory,
            environment: ["RUNSURGE_LOG_LEVEL": "info", "RUNSURGE_ENROLL_TOKEN": token.token], logs: logs)
    }

    /// Makes an account, which later commands use.
    func register() async throws {
        let result = try await runsurge(["register", "tester", "tester@example.org"], in: folder).finish()
        try #require(result.status == 0, "\(String(decoding: result.error, as: UTF8.self))")
    }

    func runsurge(_ arguments: [String], in folder: URL, input: URL? = nil) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/env", clientPrefix + [Cluster.executable] + arguments, folder: folder,
            environment: [
                "RUNSURGE_URL": addresses.map(\.url).joined(separator: ","), "RUNSURGE_PASSWORD": "correct horse",
                "XDG_CONFIG_HOME": configuration.path,
            ], input: input, logs: logs)
    }

    /// Ends `processes`, then the database.
    func stop(_ processes: [ChildProcess]) async throws {
        for process in processes { process.terminate() }
        for process in processes { _ = try await process.finish(within: 30) }
        await server.stop()
        try FileManager.default.removeItem(at: folder)
    }
}
