internal import Glibc
public import RunSurgeCore

/// Semgrep, where it is installed: a second pair of eyes for submitted code.
public struct SemgrepCommand: CodeScanning {
    /// Bytes that it may say.
    private static let mostBytes = 64 << 20

    private let path: String
    private let folder: String
    private let timeout: Duration

    /// Nil when it is not installed.
    /// - Parameters:
    ///   - command: a name on PATH or a path.
    ///   - folder: for the files of runs; made when missing.
    ///   - timeout: of one run.
    public init?(command: String = "semgrep", folder: String, timeout: Duration = .seconds(60)) {
        guard let path = Interpreter.find(command) else { return nil }
        self.path = path
        self.folder = folder
        self.timeout = timeout
    }

    /// Scans `files`, which it sees as 0.py, 1.py, …
    /// - Parameter rules: in semgrep's own form.
    /// - Returns: its report, JSON.
    /// - Throws: `SemgrepFailure`; the code is to be refused then.
    public func scan(rules: [UInt8], files: [[UInt8]]) async throws -> [UInt8] {
        try await BlockingWork.run { [self] in
            let run = "\(folder)/semgrep-\(getpid())-\(UInt64.random(in: 0 ... .max))"
            try FileTree.makeFolder(run, mode: 0o700)
            defer { FileTree.remove(run) }
            return try scan(in: run, rules, files)
        }
    }

    private func scan(in run: String, _ rules: [UInt8], _ files: [[UInt8]]) throws -> [UInt8] {
        let names = files.indices.map { "\(run)/\($0).py" }
        for (name, bytes) in zip(names + ["\(run)/rules.yaml"], files + [rules]) {
            try FileDescriptor.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).write(bytes)
        }
        let options = [
            "scan", "--config", "\(run)/rules.yaml", "--json", "--quiet", "--strict", "--metrics=off",
            "--disable-version-check", "--jobs=1", "--no-git-ignore",
            // What is too large or says of itself that it is harmless is looked at all the same.
            "--max-target-bytes=0", "--disable-nosem",
        ]
        var limits = ProcessLimits()
        limits.cpuSeconds = UInt(timeout.components.seconds) + 1
        let answer = try CapturedCommand(
            path: path, arguments: options + names,
            environment: Interpreter.hostEnvironment.filter { !$0.hasPrefix("HOME=") } + ["HOME=\(run)"],
            timeout: timeout, outputLimit: Self.mostBytes, limits: limits
        ).run()
        guard answer.status == 0 else { throw SemgrepFailure(status: answer.status, text: answer.error) }
        return answer.output
    }
}

/// Semgrep has not looked at the code.
public struct SemgrepFailure: Error, CustomStringConvertible {
    public let description: String

    init(status: Int32, text: [UInt8]) {
        let reason = status == 124 ? "took too long" : "ended with status \(status)"
        let said = String(decoding: text.suffix(500), as: UTF8.self)
        description = "semgrep \(reason)" + (said.isEmpty ? "" : ": \(said)")
    }
}
