import Foundation

/// A real process of the test's own, with its streams in files, so that no pipe can fill and stall it.
///
/// Started by posix_spawn: nothing of it stays open in this process, however many there are.
final class ChildProcess: @unchecked Sendable {
    // Sendable by locking: `ending` is the only thing that changes.
    struct Result {
        /// The exit status, or minus the number of the signal that ended it.
        let status: Int32
        let output: Data
        let error: Data
    }

    struct StartError: Error, CustomStringConvertible {
        let executable: String
        let code: Int32
        var description: String { "\(executable) can't be started: \(String(cString: strerror(code)))" }
    }

    let identifier: pid_t
    private let outputFile: URL
    private let errorFile: URL
    private let lock = NSLock()
    private var ending: Int32?

    var isRunning: Bool { status() == nil }
    /// What it has written so far.
    var outputText: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }
    var errorText: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }

    init(
        _ executable: String, _ arguments: [String], folder: URL? = nil, environment: [String: String] = [:],
        input: URL? = nil, logs: URL
    ) throws {
        let name = UUID().uuidString
        outputFile = logs.appending(path: "\(name).out")
        errorFile = logs.appending(path: "\(name).err")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input?.path ?? "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputFile.path, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorFile.path, O_WRONLY | O_CREAT, 0o600)
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        // `env` enters the folder and becomes the program: the process stays the same.
        let place = folder.map { ["-C", $0.path] } ?? []
        let words = (["/usr/bin/env"] + place + [executable] + arguments).map { strdup($0) } + [nil]
        let settings = variables.map { strdup($0) } + [nil]
        defer { (words + settings).forEach { free($0) } }
        var started: pid_t = 0
        let code = posix_spawn(&started, "/usr/bin/env", &actions, nil, words, settings)
        guard code == 0 else { throw StartError(executable: executable, code: code) }
        identifier = started
        reap()
    }

    /// Waits off the cooperative pool; a process that outlives `limit` seconds is killed and its status is -9.
    func finish(within limit: Double = 120) async throws -> Result {
        let deadline = ContinuousClock.now + .seconds(limit)
        while true {
            if let status = status() {
                return Result(
                    status: status, output: try Data(contentsOf: outputFile), error: try Data(contentsOf: errorFile))
            }
            if ContinuousClock.now > deadline { kill() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// How it ended; nil while it runs.
    private func status() -> Int32? { lock.withLock { ending } }

    /// Reaps it whether or not anybody asks: exit tests of other suites wait for any child, and a dead one that stays
    /// would be all they ever find.
    private func reap() {
        Thread.detachNewThread { [self] in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7F
            lock.withLock { ending = signal == 0 ? status >> 8 & 0xFF : -signal }
        }
    }

    func kill() { send(SIGKILL) }
    func terminate() { send(SIGTERM) }

    private func send(_ signal: Int32) {
        lock.withLock { if ending == nil { Foundation.kill(identifier, signal) } }
    }
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
