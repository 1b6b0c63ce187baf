import Glibc

/// Brings a server up on the calling thread, which must live as long as the server: the kernel ends it with the thread.
struct ServerLauncher: Sendable {
    let folder: ServerFolder
    let installation: ServerInstallation
    let account: ServerAccount
    private let keepsSearch: Bool

    /// Finds the binaries and the account. Blocks. Throws `.embeddedServer`.
    init(folder path: String) throws(PostgreSQLError) {
        folder = try ServerFolder(path)
        installation = try ServerInstallation.find(version: folder.clusterVersion)
        account = try ServerAccount.choose(owner: folder.clusterOwner, folder: folder.path)
        try folder.prepare(for: account)
        keepsSearch = !folder.isReachable(by: account)
    }

    /// Makes the cluster when there is none. True: it is fresh.
    func initialize() throws(PostgreSQLError) -> Bool {
        guard folder.clusterVersion == nil else { return false }
        FileTree.remove(folder.draft)
        let log = try folder.openLog()
        defer { close(log.descriptor) }
        // Synced later, see `EmbeddedServer`: a disk's flush would be most of the time it takes.
        let arguments = [
            "-D", folder.draft, "--username=\(EmbeddedServer.user)", "--auth=trust", "--locale=C", "--encoding=UTF8",
            "--no-sync", "--no-instructions",
        ]
        let process = try start(installation.initdb, arguments, output: log.descriptor, deathSignal: SIGKILL)
        guard process.wait() == .exited(0) else {
            let failure = failure("initdb", since: log.size)
            FileTree.remove(folder.draft)
            throw failure
        }
        guard rename(folder.draft, folder.cluster) == 0 else { throw ServerFolder.failure("rename", folder.cluster) }
        return true
    }

    /// Starts the server and waits until it takes connections.
    func launch() throws(PostgreSQLError) -> ServerProcess {
        guard PostmasterFile.settle(cluster: folder.cluster) else {
            throw PostgreSQLError(
                kind: .embeddedServer,
                message: "Processes of an earlier server still use \(folder.cluster) and cannot be ended:"
                    + " end them, or choose another data folder.")
        }
        // Nobody lives behind a socket that is still there.
        for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] { unlink("\(folder.socketFolder)/\(name)") }
        let log = try folder.openLog()
        defer { close(log.descriptor) }
        let process = try start(
            installation.postgres,
            ServerSettings.arguments(cluster: folder.cluster, socketFolder: folder.socketFolder),
            // Fast shutdown: keeps what is committed, and needs no recovery.
            output: log.descriptor, deathSignal: SIGINT)
        let deadline = ContinuousClock.now + .seconds(120)  // recovery after a crash included
        while true {
            if process.poll() != nil { throw failure("PostgreSQL", since: log.size) }
            if let file = PostmasterFile(cluster: folder.cluster), file.process == process.identifier, file.isReady {
                return process
            }
            guard ContinuousClock.now < deadline else {
                stop(process)
                throw failure("PostgreSQL (no answer within 120 s)", since: log.size)
            }
            usleep(2_000)
        }
    }

    /// Ends the server and waits for it.
    func stop(_ process: ServerProcess) {
        for (signal, patience) in [(SIGINT, 15.0), (SIGQUIT, 5.0)] {
            process.send(signal)
            let deadline = ContinuousClock.now + .seconds(patience)
            while ContinuousClock.now < deadline {
                if process.poll() != nil { return }
                usleep(2_000)
            }
        }
        process.send(SIGKILL)
        _ = process.wait()
    }

    private func start(
        _ path: String, _ arguments: [String], output: Int32, deathSignal: Int32
    ) throws(PostgreSQLError) -> ServerProcess {
        do throws(SystemCallError) {
            return try ServerProcess.start(
                path, arguments, output: output, account: account, keepsSearch: keepsSearch, deathSignal: deathSignal)
        } catch {
            if error.code == EPERM, account.isOther {
                let closed = keepsSearch ? " or reach \(folder.path) as it" : ""
                throw PostgreSQLError(
                    kind: .embeddedServer,
                    message: "This process may not change to the account \(account.name)\(closed):"
                        + " run as another account than root, or choose a data folder that everybody may enter.")
            }
            throw PostgreSQLError(kind: .embeddedServer, message: "\(path) cannot be executed: \(error).")
        }
    }

    /// Reads from the log why it failed.
    private func failure(_ what: String, since offset: Int) -> PostgreSQLError {
        let text = FileTree.read(folder.log, from: offset) ?? ""
        if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
            return ServerFolder.diskFull(folder.path)
        }
        let lines = text.split(separator: "\n").map(String.init)
        let telling = lines.first { $0.contains("FATAL:") || $0.contains("PANIC:") || $0.contains("error:") }
        let reason = telling ?? lines.last ?? "it said nothing"
        return PostgreSQLError(
            kind: .embeddedServer, message: "\(what) did not start: \(reason) (more in \(folder.log)).", detail: text)
    }
}
