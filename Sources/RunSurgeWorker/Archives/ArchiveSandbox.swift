internal import Glibc
internal import RunSurgeCore

/// Where archives are taken apart and put together: by Python's zipfile, shut in as scripts are, since archives come
/// from strangers.
public final class ArchiveSandbox: Sendable {
    /// Bytes of one process, the archive's table of contents included.
    static let memory: Int64 = 256 << 20
    private static let mostAtOnce = 2
    private static let shownFolder = "/run/runsurge/archive"
    private static let reactor = Result { try Reactor(name: "rs-archives") }

    private let sandbox: Sandbox
    private let folder: String
    /// More wait in line.
    private let limit = AsyncLimit(mostAtOnce)

    /// - Parameters:
    ///   - python: a name on PATH or a path.
    ///   - folder: for the files of runs and the few that the sandbox shows; made when missing. On the blobs' own disk
    ///     no file is copied.
    /// - Throws: `WorkerError.setup` with what to install.
    public init(python: String, isSandboxed: Bool, folder: String) async throws {
        self.folder = folder
        sandbox = try await BlockingWork.run {
            try FileTree.makeFolder(folder, mode: 0o700)
            var sandbox = try Sandbox.prepare(
                isOn: isSandboxed, interpreter: try Interpreter.resolve(python), folder: folder)
            sandbox.limits.processes = 16
            return sandbox
        }
    }

    /// Runs `archive.py` on the files that `prepare` puts in a folder of the run, which is gone at the end.
    func run<Value: Sendable>(
        _ task: [String], within time: Duration, prepare: (_ folder: String) async throws -> Void,
        read: (ArchiveProcess) async throws -> Value
    ) async throws -> Value {
        try await limit.run { try await runNow(task, within: time, prepare: prepare, read: read) }
    }

    private func runNow<Value: Sendable>(
        _ task: [String], within time: Duration, prepare: (_ folder: String) async throws -> Void,
        read: (ArchiveProcess) async throws -> Value
    ) async throws -> Value {
        let run = "\(folder)/run-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try await BlockingWork.run { try FileTree.makeFolder(run, mode: 0o700) }
        let outcome: Result<Value, any Error>
        do {
            try await prepare(run)
            let process = try await BlockingWork.run { [self] in try start(task, showing: run) }
            outcome = .success(try await process.use(within: time, read))
        } catch {
            outcome = .failure(error)
        }
        try await BlockingWork.run { FileTree.remove(run) }
        return try outcome.get()
    }

    private func start(_ task: [String], showing run: String) throws -> ArchiveProcess {
        let shown = sandbox.isOn ? Self.shownFolder : run
        return try ArchiveProcess(
            arguments: ["-I", "-c", PythonSources.archive, shown] + task,
            mounts: [.readOnly(run, at: Self.shownFolder)], memory: Self.memory, in: sandbox,
            reactor: try Self.reactor.get())
    }
}
