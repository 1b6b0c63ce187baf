/// Whether a program may read its standard input, judged by the names that lead there.
enum StandardInputUse {
    private static let names = words(
        "input stdin __stdin__ FileType eval exec __import__ import_module system popen spawnv execv posix_spawn")
    /// Modules of the standard library that read standard input or hand it to others.
    private static let modules = words("fileinput subprocess pty cmd code pdb getpass multiprocessing asyncio runpy")

    static func isPossible(in program: Program) -> Bool {
        var found = false
        program.forEachExpression { expression, _ in
            switch expression.kind {
            case .name(let name), .attribute(_, let name): found = found || names.contains(name)
            case .constant(.string(let text?)): found = found || text.hasPrefix("/dev/") || text.hasPrefix("/proc/")
            case .call(let function, let arguments, _):
                // open(0) and os.read(0, …)
                guard case .constant(.int("0"))? = arguments.first?.kind else { return }
                switch function.kind {
                case .name("open"), .attribute(_, "read"), .attribute(_, "fdopen"), .attribute(_, "open"): found = true
                default: return
                }
            default: return
            }
        }
        if found { return true }
        program.forEachStatement { statement, _ in
            switch statement.kind {
            case .importModules(let imported):
                found = found || imported.contains { isSuspect($0.name, in: program) }
            case .importFrom(let module, _, let imported):
                found =
                    found || imported.contains { names.contains($0.name) || $0.name == "*" }
                    || (module.map { isSuspect($0, in: program) } ?? false)
            default: return
            }
        }
        return found
    }

    private static func isSuspect(_ module: String, in program: Program) -> Bool {
        let top = String(module.prefix { $0 != "." })
        if program.file(ofModule: top) != nil || top == "sys" { return false }
        // A module nobody here knows may read anything.
        return modules.contains(top) || !ImportedModules.writeNothing.contains(top)
    }
}
