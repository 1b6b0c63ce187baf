public import RunSurgeCore

/// Exports syntax trees in a sandboxed process of the interpreter that jobs run on.
public struct SyntaxExporter: SyntaxExporting {
    /// Bytes; the tree of the largest script that is accepted needs less.
    private static let memory: Int64 = 2 << 30
    private static let timeout: Duration = .seconds(60)

    private let sandbox: Sandbox
    /// At once; more wait in line.
    private let limit = AsyncLimit(2)

    /// - Parameters:
    ///   - python: a name on PATH or a path.
    ///   - folder: for the few files that the sandbox shows; made when missing.
    /// - Throws: `WorkerError.setup` with what to install.
    public init(python: String, isSandboxed: Bool, folder: String) async throws {
        sandbox = try await BlockingWork.run {
            try FileTree.makeFolder(folder, mode: 0o700)
            return try Sandbox.prepare(
                isOn: isSandboxed, interpreter: try Interpreter.resolve(python), folder: folder)
        }
    }

    /// - Throws: `SyntaxExportError`
    public func exportSyntax(script: SourceFile, modules: [SourceFile]) async throws -> [UInt8] {
        let request = JSONValue.object([
            "script": script.json, "modules": .array(modules.map(\.json)),
        ]).bytes
        await limit.enter()
        defer { limit.leave() }
        return try await BlockingWork.run { [sandbox] in try Self.run(request, in: sandbox) }
    }

    private static func run(_ request: [UInt8], in sandbox: Sandbox) throws -> [UInt8] {
        let group = try sandbox.groups?.make(limit: memory)
        group?.limitProcesses(to: 16)
        let command = sandbox.command(
            arguments: ["-I", "-c", PythonSources.export], mounts: [], temporary: nil, infoDescriptor: nil)
        var limits = ProcessLimits()
        limits.cpuSeconds = UInt(timeout.components.seconds)
        if group == nil { limits.addressBytes = UInt(memory) * 2 }
        let run = CapturedCommand(
            path: command[0], arguments: Array(command.dropFirst()), environment: Sandbox.environment(hashSeed: 0),
            timeout: timeout, outputLimit: Limits.syntaxTreeBytes, input: request, limits: limits, group: group)
        let answer = try run.run()
        guard !answer.isCut else { throw SyntaxExportError.tooLarge(bytes: Limits.syntaxTreeBytes) }
        guard answer.status != 124 else { throw SyntaxExportError.timedOut }
        guard answer.status == 0 else {
            let text = String(decoding: answer.error.suffix(500), as: UTF8.self)
            throw SyntaxExportError.failed(status: answer.status, text: text)
        }
        return answer.output
    }
}

/// Why there is no syntax tree; the script can still run unsplit.
public enum SyntaxExportError: Error, CustomStringConvertible {
    case timedOut
    case tooLarge(bytes: Int)
    case failed(status: Int32, text: String)

    public var description: String {
        switch self {
        case .timedOut: "parsing took too long"
        case .tooLarge(let bytes): "the syntax tree is larger than \(bytes) bytes"
        case .failed(let status, let text): "the parser ended with status \(status): \(text)"
        }
    }
}

extension SourceFile {
    fileprivate var json: JSONValue {
        .object(["name": .string(module), "path": .string(path), "source_b64": .string(Base64.encode(bytes))])
    }
}
