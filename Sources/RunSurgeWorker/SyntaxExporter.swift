internal import Glibc
public import RunSurgeCore
internal import Synchronization

/// Exports syntax trees in sandboxed processes of the interpreter that jobs run on. A process stays for the next
/// script: starting one takes longer than parsing. SIGPIPE is ignored in the whole process from the first exporter on,
/// for one may have ended when it is asked.
public final class SyntaxExporter: SyntaxExporting {
    private static let timeout: Duration = .seconds(60)
    private static let mostAtOnce = 2
    /// Scripts of one process. Each counts a little against its processor time.
    private static let mostUses = 1_000

    private struct Idle {
        let process: ParserProcess
        var uses: Int
    }

    private let sandbox: Sandbox
    /// More wait in line.
    private let limit = AsyncLimit(mostAtOnce)
    private let idle = Mutex<[Idle]>([])

    /// - Parameters:
    ///   - python: a name on PATH or a path.
    ///   - folder: for the few files that the sandbox shows; made when missing.
    /// - Throws: `WorkerError.setup` with what to install.
    public init(python: String, isSandboxed: Bool, folder: String) async throws {
        signal(SIGPIPE, SIG_IGN)
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
        return try await limit.run { try await BlockingWork.run { [self] in try export(request) } }
    }

    /// Makes a process ready, so that the first script does not wait for it.
    public func warmUp() async throws {
        try await BlockingWork.run { [self] in
            let process = try ParserProcess(in: sandbox, timeout: Self.timeout)
            idle.withLock { $0.append(Idle(process: process, uses: 0)) }
        }
    }

    private func export(_ request: [UInt8]) throws -> [UInt8] {
        let deadline = ContinuousClock.now + Self.timeout
        // One that has waited may be gone by now, for want of memory elsewhere: that is not this script's fault.
        if let waiting = idle.withLock({ $0.popLast() }) {
            let answer = waiting.process.ask(request, until: deadline)
            if !answer.isEnd { return try tree(answer, of: waiting) }
        }
        let fresh = Idle(process: try ParserProcess(in: sandbox, timeout: Self.timeout), uses: 0)
        return try tree(fresh.process.ask(request, until: deadline), of: fresh)
    }

    private func tree(_ answer: ParserProcess.Answer, of used: Idle) throws -> [UInt8] {
        switch answer {
        case .tree(let tree):
            let next = Idle(process: used.process, uses: used.uses + 1)
            if next.uses < Self.mostUses {
                idle.withLock { if $0.count < Self.mostAtOnce { $0.append(next) } }
            }
            return tree
        case .timedOut: throw SyntaxExportError.timedOut
        case .tooLarge: throw SyntaxExportError.tooLarge(bytes: Limits.syntaxTreeBytes)
        case .ended(let status, let text): throw SyntaxExportError.failed(status: status, text: text)
        }
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
