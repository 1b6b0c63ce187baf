internal import Glibc
internal import Synchronization

/// How Python processes are shut in: the root they see, their limits, their memory.
struct Sandbox: Sendable {
    enum Mode: Sendable, Equatable {
        /// `deniesNamespaces`: this bubblewrap can forbid further user namespaces inside.
        case bubblewrap(path: String, deniesNamespaces: Bool)
        case off
    }

    /// The account inside; it means nothing outside.
    static let account: UInt32 = 1_000

    let mode: Mode
    let interpreter: Interpreter
    /// Holds `passwd`, `group` and `hosts` as every sandbox shows them.
    let systemFolder: String
    let groups: MemoryGroups?
    var limits = ProcessLimits()

    var isOn: Bool { mode != .off }

    /// Blocks. Tries a sandbox out, so that a machine that can't do it says so now and not at the first job.
    /// - Throws: `WorkerError.setup` with what to install or allow.
    static func prepare(
        isOn: Bool, interpreter: Interpreter, folder: String, program: String = "bwrap", mayUseGroups: Bool = true
    ) throws -> Sandbox {
        let system = folder + "/system"
        try FileTree.makeFolder(system)
        try TextFile.write(
            "root:x:0:0:root:/root:/bin/sh\nrunsurge:x:\(account):\(account)::/tmp:/bin/sh\n", to: system + "/passwd",
            creating: true)
        try TextFile.write("root:x:0:\nrunsurge:x:\(account):\n", to: system + "/group", creating: true)
        try TextFile.write("127.0.0.1 localhost\n::1 localhost\n", to: system + "/hosts", creating: true)
        let groups = mayUseGroups ? MemoryGroups.detect() : nil
        func sandbox(_ mode: Mode) -> Sandbox {
            Sandbox(mode: mode, interpreter: interpreter, systemFolder: system, groups: groups)
        }
        guard isOn else { return sandbox(.off) }
        guard let path = Interpreter.find(program) else {
            throw WorkerError.setup(
                "Scripts run inside bubblewrap, which is not installed: run 'apt-get install bubblewrap' (or your "
                    + "system's equivalent), or start the worker with --sandbox off if you trust every script.")
        }
        let mode = try tried.withLock { tried in
            if let mode = tried[[path, interpreter.executable]] { return mode }
            let mode = try tryOut(path, sandbox)
            tried[[path, interpreter.executable]] = mode
            return mode
        }
        return sandbox(mode)
    }

    /// What works on this machine, by bubblewrap and interpreter; tried out once in a process.
    private static let tried = Mutex<[[String]: Mode]>([:])

    private static func tryOut(_ path: String, _ sandbox: (Mode) -> Sandbox) throws -> Mode {
        var complaint = ""
        for deniesNamespaces in [true, false] {
            let candidate = sandbox(.bubblewrap(path: path, deniesNamespaces: deniesNamespaces))
            guard let problem = try candidate.problem() else { return candidate.mode }
            complaint = problem
        }
        throw WorkerError.setup(
            "bubblewrap can't make a sandbox here: \(complaint). Unprivileged user namespaces must be allowed (sysctl "
                + "kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0; in a "
                + "container a seccomp profile that permits unshare), or start the worker with --sandbox off.")
    }

    private func problem() throws -> String? {
        let command = command(arguments: ["-c", "pass"], mounts: [], temporary: nil, infoDescriptor: nil)
        let run = CapturedCommand(
            path: command[0], arguments: Array(command.dropFirst()), environment: Self.environment(hashSeed: 0),
            timeout: .seconds(20), outputLimit: 65_536)
        let answer = try run.run()
        if answer.status == 0 { return nil }
        let text = String(decoding: answer.error.prefix(500), as: UTF8.self)
        return "status \(answer.status) \(text.split(separator: "\n").joined(separator: " "))"
    }

    /// The minimal environment every script starts with.
    static func environment(hashSeed: UInt32, adding extra: [String: String] = [:]) -> [String] {
        let fixed = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONHASHSEED": "\(hashSeed)",
        ]
        // The seed decides about identity with other processes of the job, and is not the script's to change.
        return fixed.merging(extra.filter { $0.key != "PYTHONHASHSEED" }) { $1 }.map { "\($0)=\($1)" }.sorted()
    }

    /// What to execute: the program and its arguments.
    func command(arguments: [String], mounts: [Mount], temporary: String?, infoDescriptor: Int32?) -> [String] {
        let python = [interpreter.executable] + arguments
        guard case .bubblewrap(let path, let deniesNamespaces) = mode else { return python }
        var command = [
            path, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
            "--unshare-cgroup-try", "--die-with-parent", "--uid", "\(Self.account)", "--gid", "\(Self.account)",
            "--cap-drop", "ALL",
        ]
        if deniesNamespaces { command.append("--disable-userns") }
        if let infoDescriptor { command += ["--info-fd", "\(infoDescriptor)"] }
        command += Self.systemRoot + etc
        command += ["--proc", "/proc", "--dev", "/dev", "--dir", "/run"]
        command += temporary.map { ["--bind", $0, "/tmp"] } ?? ["--tmpfs", "/tmp"]
        // After /tmp: a virtual environment may lie in it.
        for folder in interpreter.folders { command += ["--ro-bind", folder, folder] }
        for mount in mounts { command += [mount.isWritable ? "--bind" : "--ro-bind", mount.source, mount.target] }
        return command + ["--remount-ro", "/", "--chdir", "/", "--"] + python
    }

    private var etc: [String] {
        var arguments: [String] = []
        for name in ["passwd", "group", "hosts"] {
            arguments += ["--ro-bind", "\(systemFolder)/\(name)", "/etc/\(name)"]
        }
        let optional = [
            "localtime", "timezone", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "mime.types",
            "ssl/certs", "fonts",
        ]
        for name in optional {
            arguments += ["--ro-bind-try", "/etc/\(name)", "/etc/\(name)"]
        }
        return arguments
    }

    /// /usr, and the folders beside it: links into it on a merged system, folders of their own on others.
    private static let systemRoot: [String] = {
        var arguments = ["--ro-bind", "/usr", "/usr"]
        for folder in ["/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"] {
            var status = stat()
            guard lstat(folder, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFLNK, let target = FileTree.linkTarget(folder) {
                arguments += ["--symlink", target, folder]
            } else {
                arguments += ["--ro-bind", folder, folder]
            }
        }
        return arguments
    }()

    /// What the sandbox shows by itself, so that no input can take its place.
    var systemPaths: [String] {
        ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/etc", "/proc", "/dev", "/sys", "/run"]
            + interpreter.folders
    }
}
