internal import Glibc

/// Writes to a process's standard input and reads its two outputs as they come, so that neither side waits for the other
/// with a full pipe. Blocks; the descriptors are the caller's, and non-blocking.
struct PipeExchange {
    /// When there is nothing left to wait for.
    enum Goal: Sendable {
        /// Both outputs have ended. Standard input is closed once all is written.
        case end
        /// The first output holds a frame: four bytes of its length, least significant first, and so many more.
        case frame
    }

    enum Outcome: Sendable {
        case reached
        /// The outputs ended before a frame was there.
        case ended
        case timedOut
        /// More came than the limit allows.
        case tooLong
    }

    private static let prefixBytes = 4

    let goal: Goal
    let input: [UInt8]
    /// Bytes of each output; of a frame, those that it holds.
    let limit: Int
    private var sink: Int32
    private var sources: [Int32]
    private(set) var outputs: [[UInt8]] = [[], []]
    private var written = 0

    init(to goal: Goal, input: [UInt8], sink: Int32, output: Int32, error: Int32, limit: Int) {
        self.goal = goal
        self.input = input
        self.sink = sink
        self.limit = limit
        sources = [output, error]
    }

    /// - Parameter closeInput: called at most once, when the goal is the end and all input is written.
    mutating func run(until deadline: ContinuousClock.Instant, closeInput: () -> Void = {}) -> Outcome {
        if input.isEmpty { finishInput(closeInput) }
        while true {
            if outputs[0].count > outputLimit || outputs[1].count > limit { return .tooLong }
            if isReached { return .reached }
            if sources.allSatisfy({ $0 < 0 }) { return .ended }
            let left = deadline - .now
            guard left > .zero else { return .timedOut }
            var polls = sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            polls.append(pollfd(fd: sink, events: Int16(POLLOUT), revents: 0))
            let milliseconds = Int32(clamping: left.components.seconds * 1_000 + 10)
            guard poll(&polls, nfds_t(polls.count), milliseconds) > 0 else { continue }
            for index in sources.indices where polls[index].revents != 0 { read(index) }
            if polls[2].revents != 0 { write(closeInput) }
        }
    }

    private var outputLimit: Int { goal == .frame ? limit + Self.prefixBytes : limit }

    /// What the frame holds.
    var frame: [UInt8] { Array(outputs[0].dropFirst(Self.prefixBytes)) }

    static func framed(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) } + bytes
    }

    private var isReached: Bool {
        switch goal {
        case .end: return sources.allSatisfy { $0 < 0 }
        case .frame:
            guard outputs[0].count >= Self.prefixBytes else { return false }
            let size = outputs[0].prefix(Self.prefixBytes).reversed().reduce(0) { $0 << 8 | Int($1) }
            return outputs[0].count >= Self.prefixBytes + size
        }
    }

    private mutating func read(_ index: Int) {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(sources[index], &piece, piece.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else { return sources[index] = -1 }
        outputs[index] += piece[..<count]
    }

    private mutating func write(_ closeInput: () -> Void) {
        let count = input.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            return Glibc.write(sink, rest.baseAddress, rest.count)
        }
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        written += max(0, count)
        if count < 0 || written == input.count { finishInput(closeInput) }
    }

    private mutating func finishInput(_ close: () -> Void) {
        guard sink >= 0 else { return }
        sink = -1
        if goal == .end { close() }
    }
}
