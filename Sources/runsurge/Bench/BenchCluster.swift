import Foundation
import PostgreSQL
import RunSurgeCore

/// A cluster for one benchmark: a master with its embedded PostgreSQL in this process.
struct BenchCluster: Sendable {
    let master: MasterProcess
    /// Of the embedded server.
    let database: Int32?
    let connection: ConnectionConfiguration
    /// Of the database and the blobs.
    let folder: String

    /// Starts it, runs `body`, ends it.
    /// - Parameter slots: Python processes of a worker in this process; 0: none.
    static func with<Value: Sendable>(
        slots: Int, python: PythonOptions, _ body: @escaping @Sendable (BenchCluster) async throws -> Value
    ) async throws -> Value {
        let folder = try ClusterFolder.firstFree("bench")
        let logger = try LogFile(path: folder.log).logger(label: "runsurge")
        let server = try await EmbeddedServer.start(folder: folder.database, logger: logger)
        var settings = MasterSettings(folder: folder, slots: slots, access: .init(port: 0, workPort: 0), python: python)
        settings.database = .external(server.connection)
        if slots == 0 { settings.connectionsPerWorker = Fleet.connectionsPerWorker }
        do {
            let value = try await MasterProcess.with(settings, logger: logger) { master in
                try await body(
                    BenchCluster(
                        master: master, database: server.processIdentifier, connection: server.connection,
                        folder: folder.path))
            }
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Submits a job and waits for its end; the seconds from the start of its driver.
    func run(_ job: PreparedJob) async throws -> (job: Job, seconds: Double) {
        let gateway = master.gateway
        let id = try await gateway.submit(job)
        while true {
            let found = try await gateway.existing(id)
            if let outcome = found.outcome, let started = found.startedAt, let finished = found.finishedAt {
                guard outcome.exitStatus == 0 else {
                    throw CommandError.failure("job \(id) ended with status \(outcome.exitStatus)")
                }
                return (found, Double(finished.microseconds - started.microseconds) / 1e6)
            }
            guard !found.state.isFinal else { throw CommandError.failure(found.failure ?? "job \(id) \(found.state)") }
            try await gateway.jobs.waitForChange(of: id, within: .seconds(1))
        }
    }

    func usage() -> UsageDifference { .now(database: database) }

    /// A script that exists while `body` runs, ready to be submitted.
    static func script<Value>(
        _ text: String, arguments: [String] = [], options: JobOptions, python: PythonOptions,
        _ body: (PreparedJob) async throws -> Value
    ) async throws -> Value {
        let path = Path.absolute("runsurge-bench-\(UInt64.random(in: 0 ... .max)).py", in: "/tmp")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        let job = try await JobPreparation.prepare(
            script: path, arguments: arguments, inputs: [], options: options, exporter: try await python.exporter())
        return try await body(job)
    }
}
