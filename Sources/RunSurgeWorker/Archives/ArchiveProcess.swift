internal import Glibc
internal import Synchronization

/// One run of `archive.py`, and the frames that it writes. One task reads them.
final class ArchiveProcess: Sendable {
    /// Bytes of frames that may wait to be read; the process waits beyond.
    private static let unreadLimit = 8 << 20

    private let process: SandboxedProcess
    private let channel: FrameChannel
    private let frames: AsyncStream<Frame>
    private let ends: AsyncStream<ProcessEnd>
    private let wasLate = Atomic<Bool>(false)

    /// Blocks for a few milliseconds.
    init(arguments: [String], mounts: [Mount], memory: Int64, in sandbox: Sandbox, reactor: Reactor) throws {
        let (frames, frame) = AsyncStream.makeStream(of: Frame.self)
        let (ends, end) = AsyncStream.makeStream(of: ProcessEnd.self)
        self.frames = frames
        self.ends = ends
        let null = try FileDescriptor.open("/dev/null", O_RDWR).raisedAboveReserved()
        var input = try Pipe()
        var answers = try Pipe()
        channel = try FrameChannel(
            reading: answers.takeRead(), writing: input.takeWrite(), reactor: reactor, unreadLimit: Self.unreadLimit,
            onFrames: { for one in $0 { frame.yield(one) } }, onEnd: { _ in frame.finish() })
        process = try SandboxedProcess.start(
            SandboxedProcess.Launch(
                arguments: arguments, environment: Sandbox.environment(hashSeed: 0), mounts: mounts,
                descriptors: [input.read, answers.write, null.rawValue], memory: memory),
            in: sandbox, reactor: reactor
        ) {
            end.yield($0)
            end.finish()
        }
        try channel.open()
        channel.finishSending()
    }

    /// Has `read` read the frames, and leaves no process behind.
    func use<Value>(within time: Duration, _ read: (ArchiveProcess) async throws -> Value) async throws -> Value {
        let watch = Task { [self] in
            try await Task.sleep(for: time)
            wasLate.store(true, ordering: .relaxed)
            process.kill()
        }
        defer {
            watch.cancel()
            process.kill()
            // What is left in the pipe is of no use to anybody: read without a bound, to its end.
            channel.consumed(bytes: 1 << 40)
        }
        return try await read(self)
    }

    /// The next frame that is no refusal.
    /// - Throws: `ArchiveError`, `CancellationError`.
    func next() async throws -> Frame {
        // Each iterator goes on where the last one stopped.
        var iterator = frames.makeAsyncIterator()
        guard let frame = await iterator.next() else {
            try Task.checkCancellation()
            throw await failure()
        }
        channel.consumed(bytes: frame.weight)
        switch frame.kind {
        case "refused": throw ArchiveError.refused(frame.head["reason"]?.text ?? "")
        case "failed": throw ArchiveError.failed(frame.head["reason"]?.text ?? "")
        default: return frame
        }
    }

    /// Why the frames have ended too early.
    private func failure() async -> ArchiveError {
        process.kill()
        guard let end = await ends.first(where: { _ in true }) else { return .failed("it was cancelled") }
        if end.ranOutOfMemory { return .refused("The archive needs more memory to be inflated than it may have.") }
        if wasLate.load(ordering: .relaxed) {
            return .refused("The archive takes longer than it may; send it as several smaller ones.")
        }
        return .failed("its process ended with status \(end.status)")
    }
}
