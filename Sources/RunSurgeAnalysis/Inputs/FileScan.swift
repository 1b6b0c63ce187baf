/// Finds the files, environment variables and modules that a program names.
struct FileScan {
    private let program: Program
    private let folder: PathFolder
    private var read: Set<String> = []
    private var written: Set<String> = []
    private var patterns: Set<String> = []
    private var mentioned: Set<String> = []
    private var environment: Set<String> = []
    private var imports: Set<String> = []
    private var foreignModules: Set<String> = []
    private var mayWrite = false
    private let readsInput: Bool
    private var writesUnknown = false

    init(program: Program) {
        self.program = program
        self.folder = PathFolder(program: program)
        readsInput = StandardInputUse.isPossible(in: program)
        program.forEachStatement { statement, _ in noteImports(statement) }
        program.forEachExpression { expression, scope in visit(expression, scope) }
    }

    func fill(_ plan: inout Plan) {
        plan.inputPaths = read.filter(Self.isPath).sorted()
        plan.writtenPaths = written.filter(Self.isPath).sorted()
        plan.inputPatterns = patterns.filter(Self.isPath).sorted()
        plan.mentionedPaths = Array(mentioned.subtracting(read).filter(Self.isPath).sorted().prefix(Self.mostMentioned))
        plan.environmentVariables = environment.sorted()
        plan.readsStandardInput = readsInput
        plan.imports = imports.sorted()
        plan.foreignModules = foreignModules.sorted()
        plan.mayWriteInputs = mayWrite || writesUnknown || !written.isEmpty
        plan.writesUnknownPaths = writesUnknown
    }

    private static let mostMentioned = 2000

    /// Whether a text could be a path at all.
    private static func isPath(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 1024 && !text.unicodeScalars.contains { $0.value < 32 }
    }

    // MARK: imports

    private mutating func noteImports(_ statement: Statement) {
        switch statement.kind {
        case .importModules(let names): for alias in names { noteImport(alias.name) }
        case .importFrom(let module, let level, let names):
            let prefix = String(repeating: ".", count: level)
            if let module { noteImport(prefix + module) }
            for alias in names where alias.name != "*" {
                // May be a submodule; the caller looks whether there is such a file.
                imports.insert(module.map { "\(prefix)\($0).\(alias.name)" } ?? prefix + alias.name)
            }
        default: return
        }
    }

    private mutating func noteImport(_ module: String) {
        imports.insert(module)
        let top = String(module.prefix { $0 != "." })
        guard program.file(ofModule: module) == nil, program.file(ofModule: top) == nil else { return }
        if !top.isEmpty, !StandardModules.contains(top) { foreignModules.insert(top) }
        // A module nobody here knows may write anywhere.
        if !ImportedModules.writeNothing.contains(top) { writesUnknown = true }
    }

    // MARK: expressions

    private mutating func visit(_ expression: Expression, _ scope: ScopeID) {
        switch expression.kind {
        case .constant(.string(let text?)): if text.utf8.count <= 255 { mentioned.insert(text) }
        case .item(let base, let key):
            if program.dotted(base, scope) == "os.environ" { environment.formUnion(folder.strings(key, scope)) }
        case .compare(let left, _, let others):
            if others.contains(where: { program.dotted($0, scope) == "os.environ" }) {
                environment.formUnion(folder.strings(left, scope))
            }
        case .call(let function, let arguments, let keywords): call(function, arguments, keywords, scope)
        default: return
        }
    }

    private mutating func call(
        _ function: Expression, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) {
        if let path = program.dotted(function, scope) {
            if program.ownModuleVariable(path) == nil { known(path, arguments, keywords, scope) }
            return
        }
        guard case .attribute(let base, let name) = function.kind else { return }
        switch name {
        case "open": opened(base, mode: arguments.first ?? Self.keyword("mode", keywords), scope)
        case "read_text", "read_bytes": reads(base, scope)
        case "write_text", "write_bytes", "unlink", "touch", "symlink_to", "hardlink_to", "chmod": writes(base, scope)
        case "rename", "replace":
            // `replace` of strings takes two arguments, that of paths one.
            guard arguments.count == 1 else { return }
            writes(base, scope)
            writes(arguments[0], scope)
        case "glob", "iglob", "rglob":
            guard let pattern = arguments.first else { return }
            for start in folder.strings(base, scope) {
                for end in folder.strings(pattern, scope) {
                    patterns.insert(PathFolder.join(start, name == "rglob" ? "**/\(end)" : end))
                }
            }
        case "iterdir": patterns.formUnion(folder.strings(base, scope).map { PathFolder.join($0, "*") })
        case "read" where arguments.count == 1: read.formUnion(folder.strings(arguments[0], scope))
        case "save", "savefig", "dump", "extractall", "extract", "to_csv", "to_json", "to_excel", "to_parquet",
            "to_pickle":
            writesUnknown = true
        default: return
        }
    }

    private static func keyword(_ name: String, _ keywords: [Keyword]) -> Expression? {
        keywords.first { $0.name == name }?.value
    }

    private mutating func known(
        _ path: String, _ arguments: [Expression], _ keywords: [Keyword], _ scope: ScopeID
    ) {
        let first = arguments.first ?? Self.keyword("file", keywords)
        switch path {
        case "builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "zipfile.ZipFile",
            "tarfile.open":
            let mode = arguments.dropFirst().first ?? Self.keyword("mode", keywords)
            if let first { opened(first, mode: mode, scope) } else { writesUnknown = true }
        case "os.listdir", "os.scandir":
            let names = first.map { folder.strings($0, scope) } ?? ["."]
            patterns.formUnion(names.map { PathFolder.join($0, "*") })
        case "os.walk", "os.fwalk":
            if let first { patterns.formUnion(folder.strings(first, scope).map { PathFolder.join($0, "**/*") }) }
        case "glob.glob", "glob.iglob": if let first { patterns.formUnion(folder.strings(first, scope)) }
        case "os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop":
            if let first { environment.formUnion(folder.strings(first, scope)) }
        case "os.remove", "os.unlink", "os.truncate", "os.chmod", "os.utime": if let first { writes(first, scope) }
        case "os.rename", "os.replace", "os.renames", "shutil.move", "shutil.copy", "shutil.copyfile", "shutil.copy2",
            "os.link", "os.symlink":
            for argument in arguments.prefix(2) { writes(argument, scope) }
            if path.hasPrefix("shutil."), let first { reads(first, scope) }
        case "os.path.exists", "os.path.isfile", "os.path.getsize", "os.stat", "os.path.getmtime", "linecache.getline",
            "linecache.getlines", "fileinput.input", "fileinput.FileInput":
            if let first { reads(first, scope) }
            if Self.keyword("inplace", keywords) != nil { writesUnknown = true }
        default: unknown(path, arguments, scope)
        }
    }

    private mutating func unknown(_ path: String, _ arguments: [Expression], _ scope: ScopeID) {
        let top = String(path.prefix { $0 != "." })
        switch top {
        case "os":
            let harmless = words(
                "path environ getcwd makedirs mkdir getpid cpu_count fspath chdir urandom get_terminal_size uname")
            let name = path.split(separator: ".").dropFirst().first.map(String.init) ?? ""
            if !harmless.contains(name) { writesUnknown = true }
        case "shutil", "subprocess", "sqlite3", "shelve", "dbm", "tempfile": writesUnknown = true
        case "pandas", "numpy", "polars": if let first = arguments.first { reads(first, scope) }
        default: return
        }
    }

    private mutating func opened(_ path: Expression, mode: Expression?, _ scope: ScopeID) {
        var text: String? = "r"
        if let mode {
            let values = folder.strings(mode, scope)
            text = values.isEmpty ? nil : values.joined()
        }
        guard let text else {
            reads(path, scope)
            writes(path, scope)
            return
        }
        let isWritten = text.contains { "wax+".contains($0) }
        if isWritten { writes(path, scope) }
        if !isWritten || text.contains("a") || text.contains("r") { reads(path, scope) }
    }

    private mutating func reads(_ path: Expression, _ scope: ScopeID) { read.formUnion(folder.strings(path, scope)) }

    private mutating func writes(_ path: Expression, _ scope: ScopeID) {
        mayWrite = true
        let names = folder.strings(path, scope)
        // A name may have values beside the constant ones.
        if names.isEmpty || !folder.isConstant(path, scope) { writesUnknown = true }
        written.formUnion(names)
    }
}
