internal import Glibc

/// A short command, run to its end with its output in memory. Blocks.
struct CapturedCommand {
    struct Answer {
        /// As a shell reports it; 124 when it ran out of time, or said too much.
        let status: Int32
        let output: [UInt8]
        let error: [UInt8]
    }

    let path: String
    let arguments: [String]
    let environment: [String]
    let timeout: Duration
    /// Bytes of standard output, and as many of standard error.
    let outputLimit: Int
    /// Given to it on standard input.
    var input: [UInt8] = []
    var limits = ProcessLimits()
    var group: MemoryGroup?

    func run() throws(SystemError) -> Answer {
        var toInput = try Pipe()
        var fromOutput = try Pipe()
        var fromError = try Pipe()
        for end in [toInput.write, fromOutput.read, fromError.read] { try setNonblocking(end) }
        let pid = try ChildStart(
            path: path, arguments: arguments, environment: environment,
            descriptors: [toInput.read, fromOutput.write, fromError.write], limits: limits,
            groups: group?.processesFiles ?? []
        ).start()
        // Only the child may hold these now, or the ends never come.
        toInput.closeRead()
        fromOutput.closeWrite()
        fromError.closeWrite()
        var exchange = PipeExchange(
            to: .end, input: input, sink: toInput.write, output: fromOutput.read, error: fromError.read,
            limit: outputLimit)
        let outcome = exchange.run(until: .now + timeout) { toInput.closeWrite() }
        if outcome != .reached { kill(-pid, SIGKILL) }
        let status = ChildStart.wait(pid)
        return Answer(
            status: outcome == .reached ? status : 124, output: exchange.outputs[0], error: exchange.outputs[1])
    }
}
