internal import Glibc
internal import RunSurgeCore
internal import Synchronization

/// The Python that scripts run on, found once in a process: a shim may take a tenth of a second to answer.
struct Interpreter: Sendable, Equatable {
    /// Absolute, no shim.
    let executable: String
    /// Such as "3.11.7".
    let version: String
    /// Such as "cpython".
    let implementation: String
    /// Top-level modules that it can import beyond the standard library, ascending; at most `Limits.workerModules`.
    let modules: [String]
    /// Folders that it needs to see, outermost only.
    let folders: [String]

    /// Such as "3.11.7", or "3.11.9 pypy".
    var versionName: String { implementation == "cpython" ? version : "\(version) \(implementation)" }

    private static let question = """
        import json, os, sys
        from importlib.machinery import all_suffixes
        paths = [sys.prefix, sys.base_prefix, os.path.dirname(sys.executable),
                 os.path.dirname(os.path.realpath(sys.executable))]
        paths += [p for p in sys.path if p and os.path.isdir(p)]
        standard = os.path.dirname(os.__file__)
        known = getattr(sys, "stdlib_module_names", frozenset())
        names = set()
        for path in sys.path:
            if not path or os.path.realpath(path) in (standard, standard + "/lib-dynload") or not os.path.isdir(path):
                continue
            for entry in os.scandir(path):
                name = entry.name
                if not entry.is_dir():
                    ends = [end for end in all_suffixes() if name.endswith(end)]
                    name = name[:-max(map(len, ends))] if ends else ""
                if name.isidentifier() and name.isascii() and name[0] != "_" and name not in known:
                    names.add(name)
        print(json.dumps({"executable": sys.executable, "version": "%d.%d.%d" % sys.version_info[:3],
                          "implementation": sys.implementation.name, "modules": sorted(names),
                          "folders": sorted(set(paths) | set(map(os.path.realpath, paths)))}))
        """

    private static let known = Mutex<[String: Interpreter]>([:])

    /// Blocks; asks the interpreter itself, outside of any sandbox. Who asks at the same time waits for one answer.
    /// - Parameter command: a name to be found on PATH, or a path.
    static func resolve(_ command: String) throws -> Interpreter {
        guard let path = find(command) else {
            throw WorkerError.setup("There is no Python at \(command): install python3, or name one with --python.")
        }
        return try known.withLock { known in
            if let found = known[path] { return found }
            let found = try ask(path)
            known[path] = found
            return found
        }
    }

    private static func ask(_ path: String) throws -> Interpreter {
        let run = CapturedCommand(
            // No script sees the site of the agent's user.
            path: path, arguments: ["-s", "-c", question], environment: hostEnvironment, timeout: .seconds(30),
            outputLimit: 1 << 20)
        let answer = try run.run()
        guard answer.status == 0, let head = try? JSONReader.read(answer.output),
            let executable = head["executable"]?.text, executable.hasPrefix("/"), let version = head["version"]?.text
        else {
            let text = String(decoding: answer.error.suffix(500), as: UTF8.self)
            throw WorkerError.setup("\(path) is no usable Python: \(text)")
        }
        let minor = version.split(separator: ".").compactMap { Int($0) }
        guard minor.count == 3, (minor[0], minor[1]) >= (3, 9) else {
            throw WorkerError.setup("\(path) is Python \(version); 3.9 or later is needed.")
        }
        let folders = head["folders"]?.items?.compactMap(\.text) ?? []
        let modules = head["modules"]?.items?.compactMap(\.text) ?? []
        return Interpreter(
            executable: executable, version: version, implementation: head["implementation"]?.text ?? "",
            modules: Array(
                modules.lazy.filter { $0.utf8.count <= Limits.moduleNameBytes }.prefix(Limits.workerModules)),
            folders: outermost(folders))
    }

    /// Without folders that lie in others, and without those that every sandbox shows anyway.
    private static func outermost(_ folders: [String]) -> [String] {
        let shown = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"]
        var kept: [String] = []
        for folder in folders.sorted() where folder != "/" {
            let isInside = (shown + kept).contains { folder == $0 || folder.hasPrefix($0 + "/") }
            if !isInside { kept.append(folder) }
        }
        return kept
    }

    static var hostEnvironment: [String] {
        let names: [String] = ["PATH", "HOME", "LANG", "PYENV_VERSION", "PYENV_ROOT"]
        return names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }

    /// The executable's path; a name without slash is looked for on PATH.
    static func find(_ command: String) -> String? {
        if command.contains("/") { return access(command, X_OK) == 0 ? command : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(command)" }.first { access($0, X_OK) == 0 }
    }
}
