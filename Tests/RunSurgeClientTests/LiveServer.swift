import Foundation
import Hummingbird
import Logging
import RunSurgeAPI
import RunSurgeCore
import RunSurgeTestStores
import Synchronization
import Testing

/// The real facade on loopback over stores in memory.
struct LiveServer: Sendable {
    static let blobPass = "blob-pass"

    let accounts = MemoryAccounts()
    let jobs = MemoryJobs()
    let blobs: FolderBlobs
    var configuration: APIConfiguration

    init() throws {
        blobs = try FolderBlobs()
        configuration = APIConfiguration(secret: "a secret of the tests")
        configuration.passwordCost = .init(rounds: 16, blockSize: 8, parallelism: 1)
        configuration.isBlobPass = { $0 == Self.blobPass }
        configuration.followInterval = .milliseconds(20)
        configuration.port = 0
    }

    /// Serves while `body` runs.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ port: Int) async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, running) = AsyncStream<Int>.makeStream()
        let application = await buildApplication(
            configuration, FacadePorts(accounts: accounts, jobs: jobs, blobs: blobs), logger: logger
        ) { running.yield($0) }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { running.finish() }
                try await application.run()
                return nil
            }
            group.addTask {
                guard let port = await ports.first(where: { _ in true }) else { return nil }
                return try await body(port)
            }
            while let result = try await group.next() {
                guard let value = result else { continue }
                group.cancelAll()
                return value
            }
            throw CancellationError()
        }
    }

    /// Marks a job as ended with these outputs.
    func finish(_ id: JobID, outputs: [FileEntry] = [], standardOutput: String = "") async throws {
        let outcome = JobOutcome(
            exitStatus: 0, standardOutput: try await blobs.put(Array(standardOutput.utf8)),
            standardError: try await blobs.put(Array("".utf8)), outputs: outputs, deleted: [],
            report: Array(#"{"chunks": 1}"#.utf8))
        jobs.update(id, state: .completed, plan: Array("{}".utf8), outcome: outcome)
    }
}

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "runsurge-client-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

    @discardableResult func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: file))
        return file
    }

    /// A file of pseudo-random bytes, which no compression or sparse block makes smaller.
    func writeNoise(_ name: String, bytes: Int, seed: UInt64) throws -> String {
        let file = "\(path)/\(name)"
        try Data().write(to: URL(filePath: file))
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        var state = seed
        var block = Data(count: 1 << 20)
        for offset in stride(from: 0, to: bytes, by: block.count) {
            block.withUnsafeMutableBytes { buffer in
                // One word a page is enough to make every block differ.
                for index in stride(from: 0, to: buffer.count - 8, by: 4_096) {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    buffer.storeBytes(of: state, toByteOffset: index, as: UInt64.self)
                }
            }
            try handle.write(contentsOf: block.prefix(min(block.count, bytes - offset)))
        }
        try handle.close()
        return file
    }
}

/// What a task has read so far.
final class Transcript: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func append(_ piece: [UInt8]) { bytes.withLock { $0 += piece } }
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}

/// Waits for a condition that another task brings about.
func eventually(
    within limit: Duration = .seconds(20), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "Waited \(limit) for: \(what)")
        try await Task.sleep(for: .milliseconds(2))
    }
}
