import Foundation
import Synchronization

/// A cluster of real processes that `runsurge up` starts, for the tests of one suite.
final class Cluster: Sendable {
    /// What `--ready-file` holds.
    struct Endpoints: Codable, Sendable {
        let url: String
        let token: String
        let work: String
    }

    static let executable: String = {
        if let override = ProcessInfo.processInfo.environment["RUNSURGE_EXECUTABLE"] { return override }
        // Tests and executables are built into the same folder.
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.appending(path: ".build/debug/runsurge").path
    }()

    let folder: URL
    let process: ChildProcess
    let endpoints: Endpoints
    private let workers = Mutex<[ChildProcess]>([])

    var environment: [String: String] { ["RUNSURGE_URL": endpoints.url, "RUNSURGE_TOKEN": endpoints.token] }

    /// Starts `runsurge up` and waits until it says it is ready.
    init(workers: Int = 2, folder: URL? = nil, arguments: [String] = []) async throws {
        let folder = folder ?? Self.temporaryFolder("cluster")
        let ready = folder.appending(path: "ready-\(UUID().uuidString).json")
        self.folder = folder
        process = try ChildProcess(
            Self.executable,
            [
                "up", "--data", folder.appending(path: "data").path, "--workers", "\(workers)", "--ready-file",
                ready.path,
            ]
                + (arguments.contains("--port") ? [] : ["--port", "0", "--work-port", "0"]) + arguments,
            logs: folder.appending(path: "logs"))
        let process = process
        do {
            try await eventually("`runsurge up` to be ready") {
                guard process.isRunning else { throw ClusterError.ended(process.errorText) }
                return FileManager.default.fileExists(atPath: ready.path)
            }
        } catch let timeout as Timeout {
            process.kill()
            throw ClusterError.ended("\(timeout)\n\(process.errorText)")
        }
        endpoints = try JSONDecoder().decode(Endpoints.self, from: Data(contentsOf: ready))
    }

    /// Enrols and attaches one more worker, a process of its own.
    /// - Parameters:
    ///   - place: its folder; nil: a new one.
    ///   - master: how it finds the master and is let in; nil: by the REST facade, as the operator.
    func attachWorker(
        slots: Int = 1, name: String = "extra", place: URL? = nil, arguments: [String] = [], master: [String]? = nil,
        environment: [String: String]? = nil
    ) throws -> ChildProcess {
        let place = place ?? folder.appending(path: "worker-\(UUID().uuidString)")
        let worker = try ChildProcess(
            Self.executable,
            ["worker", "--slots", "\(slots)", "--name", name, "--folder", place.path]
                + (master ?? ["--master", endpoints.url]) + arguments,
            environment: environment ?? ["RUNSURGE_TOKEN": endpoints.token], logs: folder.appending(path: "logs"))
        workers.withLock { $0.append(worker) }
        return worker
    }

    func runsurge(_ arguments: [String], in folder: URL, input: URL? = nil) throws -> ChildProcess {
        try ChildProcess(
            Self.executable, arguments, folder: folder, environment: environment, input: input,
            logs: self.folder.appending(path: "logs"))
    }

    var logs: URL { folder.appending(path: "logs") }

    /// The parts of `runsurge job --json` that the tests look at.
    struct JobFacts: Decodable {
        struct Region: Decodable {
            let completed: Int
        }

        let job_id: Int
        let status: String
        let regions: [Region]?

        var completedChunks: Int { regions?.reduce(0) { $0 + $1.completed } ?? 0 }
    }

    func job(_ id: Int) async throws -> JobFacts { try await json(["job", "\(id)", "--json"]) }

    struct NodeFacts: Decodable {
        let node_id: Int
        let node_name: String
        let is_alive: Bool
        let num_of_completed_tasks: Int
    }

    func nodes() async throws -> [NodeFacts] { try await json(["nodes", "--json"]) }

    func json<Value: Decodable>(_ arguments: [String]) async throws -> Value {
        let result = try await runsurge(arguments, in: folder).finish()
        guard result.status == 0 else { throw ClusterError.refused(String(decoding: result.error, as: UTF8.self)) }
        return try JSONDecoder().decode(Value.self, from: result.output)
    }

    /// Ends it with the workers that are attached to it: they write into its folder for as long as they live.
    func stop() async throws {
        let all = workers.withLock(\.self) + [process]
        for process in all { process.terminate() }
        for process in all { _ = try await process.finish(within: 20) }
        try FileManager.default.removeItem(at: folder)
    }

    /// A TCP port of the loopback interface that nobody uses, followed by three more.
    static func freePorts() throws -> Int {
        for _ in 0..<100 {
            let first = Int.random(in: 20_000...40_000)
            if (first..<first + 4).allSatisfy(isFree) { return first }
        }
        throw ClusterError.refused("no free ports")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Below /tmp, where the unprivileged account of the embedded PostgreSQL may go.
    static func temporaryFolder(_ purpose: String) -> URL {
        URL(filePath: "/tmp").appending(path: "runsurge-\(purpose)-\(UUID().uuidString)")
    }
}

enum ClusterError: Error, CustomStringConvertible {
    case ended(String)
    case refused(String)

    var description: String {
        switch self {
        case .ended(let text): "`runsurge up` ended before it was ready:\n\(text)"
        case .refused(let text): text
        }
    }
}
