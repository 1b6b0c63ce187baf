internal import CProcess
internal import Glibc

/// A short command, run to its end with its output in memory. Blocks.
struct CapturedCommand {
    struct Answer {
        /// As a shell reports it; 124 when it ran out of time.
        let status: Int32
        let output: [UInt8]
        let error: [UInt8]
        /// More came than the limit allows.
        let isCut: Bool
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
        for end in [toInput.write, fromOutput.read, fromError.read] {
            guard fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) == 0 else { throw SystemError("fcntl") }
        }
        let pid = try ChildStart(
            path: path, arguments: arguments, environment: environment,
            descriptors: [toInput.read, fromOutput.write, fromError.write], limits: limits,
            groups: group?.processesFiles ?? []
        ).start()
        // Only the child may hold these now, or the ends never come.
        toInput.closeRead()
        fromOutput.closeWrite()
        fromError.closeWrite()
        var exchange = Exchange(
            input: input, sink: toInput.takeWrite().release(), sources: [fromOutput.read, fromError.read],
            limit: outputLimit)
        let ended = exchange.run(until: .now + timeout)
        exchange.closeSink()
        if !ended { kill(-pid, SIGKILL) }
        let status = ChildStart.wait(pid)
        return Answer(
            status: ended ? status : 124, output: exchange.outputs[0], error: exchange.outputs[1],
            isCut: exchange.isCut)
    }

    /// Writes the input and reads both outputs as they come.
    private struct Exchange {
        let input: [UInt8]
        var sink: Int32
        var sources: [Int32]
        let limit: Int
        var outputs: [[UInt8]] = [[], []]
        var written = 0
        var isCut = false

        /// False when time ran out, or more came than wanted.
        mutating func run(until deadline: ContinuousClock.Instant) -> Bool {
            if input.isEmpty { closeSink() }
            while sources.contains(where: { $0 >= 0 }) {
                let left = deadline - .now
                guard left > .zero, !isCut else { return false }
                var polls = sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                polls.append(pollfd(fd: sink, events: Int16(POLLOUT), revents: 0))
                let milliseconds = Int32(clamping: left.components.seconds * 1_000 + 10)
                guard poll(&polls, nfds_t(polls.count), milliseconds) > 0 else { continue }
                for index in sources.indices where polls[index].revents != 0 { read(index) }
                if polls[2].revents != 0 { write() }
            }
            return true
        }

        private mutating func read(_ index: Int) {
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(sources[index], &piece, piece.count)
            if count < 0, errno == EINTR || errno == EAGAIN { return }
            guard count > 0 else { return sources[index] = -1 }
            outputs[index] += piece[..<count]
            if outputs[index].count > limit { isCut = true }
        }

        private mutating func write() {
            let count = input.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return Glibc.write(sink, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { return }
            written += max(0, count)
            if count < 0 || written == input.count { closeSink() }
        }

        mutating func closeSink() {
            if sink >= 0 { close(sink) }
            sink = -1
        }
    }
}
