import Foundation

/// A real process of the test's own, with its output in files, so that no pipe can fill and stall it.
final class ChildProcess: @unchecked Sendable {
    // Sendable by confinement: `process` is configured before it starts and only signalled and waited for after.
    struct Result {
        let status: Int32
        let output: Data
        let error: Data
    }

    private let process = Process()
    private let outputFile: URL
    private let errorFile: URL

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var errorText: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }
    var outputText: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }

    init(
        _ executable: String, _ arguments: [String], folder: URL? = nil, environment: [String: String] = [:],
        input: URL? = nil, logs: URL
    ) throws {
        let name = UUID().uuidString
        outputFile = logs.appending(path: "\(name).out")
        errorFile = logs.appending(path: "\(name).err")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = folder }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
    }

    /// Waits off the cooperative pool; a process that outlives `limit` seconds is killed and its status is -9.
    func finish(within limit: Double = 120) async throws -> Result {
        let deadline = ContinuousClock.now + .seconds(limit)
        while process.isRunning {
            if ContinuousClock.now > deadline { kill() }
            try await Task.sleep(for: .milliseconds(5))
        }
        let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        return Result(
            status: status, output: try Data(contentsOf: outputFile), error: try Data(contentsOf: errorFile))
    }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }
    func terminate() { Foundation.kill(process.processIdentifier, SIGTERM) }
}

/// Waits until `condition` holds.
/// - Throws: `Timeout` naming what was waited for.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Timeout(what: what) }
        try await Task.sleep(for: .milliseconds(20))
    }
}

struct Timeout: Error, CustomStringConvertible {
    let what: String
    var description: String { "waited too long for \(what)" }
}
