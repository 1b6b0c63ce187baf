internal import Glibc
internal import RunSurgeCore

/// A sandboxed interpreter that answers frame after frame until its input ends. For one thread at a time.
final class ParserProcess: Sendable {
    enum Answer: Sendable {
        case tree([UInt8])
        /// It has ended, as a shell reports it, with the end of what it said.
        case ended(status: Int32, text: String)
        case timedOut
        case tooLarge

        var isEnd: Bool { if case .ended = self { true } else { false } }
    }

    /// Bytes; the tree of the largest script that is accepted needs less.
    private static let memory: Int64 = 2 << 30
    private static let processes: UInt = 16

    private let pid: pid_t
    private let group: MemoryGroup?
    private let input: FileDescriptor
    private let output: FileDescriptor
    private let error: FileDescriptor

    /// Blocks for a few milliseconds.
    /// - Parameter timeout: of an answer; also the processor time that it may take.
    init(in sandbox: Sandbox, timeout: Duration) throws(SystemError) {
        group = try sandbox.groups?.make(limit: Self.memory)
        group?.limitProcesses(to: Self.processes)
        let command = sandbox.command(
            arguments: ["-I", "-c", PythonSources.export], mounts: [], temporary: nil, infoDescriptor: nil)
        var limits = ProcessLimits()
        limits.cpuSeconds = UInt(timeout.components.seconds)
        if group == nil { limits.addressBytes = UInt(Self.memory) * 2 }
        var toInput = try Pipe()
        var fromOutput = try Pipe()
        var fromError = try Pipe()
        for end in [toInput.write, fromOutput.read, fromError.read] { try setNonblocking(end) }
        // By the thread that never ends: the sandbox dies with the one that started it.
        pid = try Spawner.shared.start(
            ChildStart(
                path: command[0], arguments: Array(command.dropFirst()),
                environment: Sandbox.environment(hashSeed: 0),
                descriptors: [toInput.read, fromOutput.write, fromError.write], limits: limits,
                groups: group?.processesFiles ?? []))
        input = toInput.takeWrite()
        output = fromOutput.takeRead()
        error = fromError.takeRead()
    }

    deinit {
        kill(-pid, SIGKILL)
        _ = ChildStart.wait(pid)
    }

    /// Blocks. After anything but a tree the process is of no more use.
    func ask(_ request: [UInt8], until deadline: ContinuousClock.Instant) -> Answer {
        var exchange = PipeExchange(
            to: .frame, input: PipeExchange.framed(request), sink: input.rawValue, output: output.rawValue,
            error: error.rawValue, limit: Limits.syntaxTreeBytes)
        switch exchange.run(until: deadline) {
        case .reached: return .tree(exchange.frame)
        case .timedOut: return .timedOut
        case .tooLong: return .tooLarge
        case .ended:
            // The status is asked for while the number is still ours.
            let status = ChildStart.peek(pid)
            return .ended(status: status, text: String(decoding: exchange.outputs[1].suffix(500), as: UTF8.self))
        }
    }
}
