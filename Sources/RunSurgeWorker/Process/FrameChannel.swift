internal import Glibc
internal import Synchronization

/// The framed pipe to one Python process, from any thread; no call blocks.
///
/// Frames arrive on the reactor's thread. When more than `unreadLimit` bytes of them have not been reported as
/// consumed, the pipe is left unread and the process waits.
final class FrameChannel: Sendable {
    private static let readBytes = 256 << 10

    private struct Writing {
        var descriptor: FileDescriptorBox?
        var ticket: Reactor.Ticket?
        var bytes: [UInt8] = []
        var start = 0
        var isClosing = false
    }

    private struct Reading {
        var descriptor: FileDescriptorBox?
        var ticket: Reactor.Ticket?
        var decoder = FrameDecoder()
        var unconsumed = 0
        var isPaused = false
    }

    private let reactor: Reactor
    private let unreadLimit: Int
    private let writing: Mutex<Writing>
    private let reading: Mutex<Reading>
    private let onFrames: @Sendable ([Frame]) -> Void
    private let onEnd: @Sendable (FrameError?) -> Void

    /// `onEnd` is called once, after the last frames; with an error when the process wrote something else.
    init(
        reading source: consuming FileDescriptor, writing sink: consuming FileDescriptor, reactor: Reactor,
        unreadLimit: Int = 96 << 20, onFrames: @escaping @Sendable ([Frame]) -> Void,
        onEnd: @escaping @Sendable (FrameError?) -> Void
    ) throws(SystemError) {
        try source.setNonblocking()
        try sink.setNonblocking()
        self.reactor = reactor
        self.unreadLimit = unreadLimit
        self.onFrames = onFrames
        self.onEnd = onEnd
        writing = Mutex(Writing(descriptor: FileDescriptorBox(sink)))
        reading = Mutex(Reading(descriptor: FileDescriptorBox(source)))
    }

    /// Begins to read; the channel lives until `onEnd`.
    func open() throws(SystemError) {
        try reading.withLock { (state) throws(SystemError) in
            let number = state.descriptor?.number ?? -1
            state.ticket = try reactor.watch(number, .reading) { [self] _ in receive() }
        }
    }

    // MARK: Writing

    func send(_ frames: [Frame]) {
        writing.withLock { state in
            guard state.descriptor != nil, !state.isClosing else { return }
            for frame in frames { frame.write(to: &state.bytes) }
            if state.ticket == nil { flush(&state) }
        }
    }

    func send(_ frame: Frame) { send([frame]) }

    /// Tells the process, after what was sent, that nothing more will come.
    func finishSending() {
        writing.withLock { state in
            state.isClosing = true
            if state.ticket == nil { flush(&state) }
        }
    }

    /// Writes what the pipe takes, and has the reactor call again for the rest.
    private func flush(_ state: inout Writing) {
        guard let number = state.descriptor?.number else { return }
        while state.start < state.bytes.count {
            let count = state.bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[state.start...])
                return write(number, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return awaitRoom(&state, number) }
            // The process is gone; its end is noticed by the reader.
            if count < 0 { return closeWriter(&state) }
            state.start += count
        }
        state.bytes.removeAll(keepingCapacity: state.bytes.capacity <= 1 << 20)
        state.start = 0
        if state.isClosing { return closeWriter(&state) }
        if let ticket = state.ticket {
            reactor.forget(ticket, of: number)
            state.ticket = nil
        }
    }

    private func awaitRoom(_ state: inout Writing, _ number: Int32) {
        guard state.ticket == nil else { return }
        state.ticket = try? reactor.watch(number, .writing) { [self] _ in writing.withLock { flush(&$0) } }
        if state.ticket == nil { closeWriter(&state) }
    }

    private func closeWriter(_ state: inout Writing) {
        if let ticket = state.ticket, let number = state.descriptor?.number { reactor.forget(ticket, of: number) }
        state.ticket = nil
        state.descriptor = nil
        state.bytes = []
        state.start = 0
    }

    // MARK: Reading

    /// The receiver is done with frames of this many bytes.
    func consumed(bytes: Int) {
        reading.withLock { state in
            state.unconsumed -= bytes
            guard state.isPaused, state.unconsumed <= unreadLimit / 2, let ticket = state.ticket,
                let number = state.descriptor?.number
            else { return }
            state.isPaused = false
            reactor.change(ticket, of: number, to: .reading)
        }
    }

    private enum Received {
        case frames([Frame])
        case end([Frame], FrameError?)
    }

    private func receive() {
        let received = reading.withLock { state in read(&state) }
        switch received {
        case .frames(let frames): if !frames.isEmpty { onFrames(frames) }
        case .end(let frames, let error):
            if !frames.isEmpty { onFrames(frames) }
            onEnd(error)
        }
    }

    private func read(_ state: inout Reading) -> Received {
        guard let number = state.descriptor?.number, let ticket = state.ticket else { return .frames([]) }
        let outcome = withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 16) {
            buffer -> (frames: [Frame], isOpen: Bool, error: FrameError?) in
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { return ([], true, nil) }
            guard count > 0 else { return ([], false, nil) }
            do throws(FrameError) {
                let frames = try state.decoder.decode(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return (frames, true, nil)
            } catch {
                return ([], false, error)
            }
        }
        guard outcome.isOpen else {
            reactor.forget(ticket, of: number)
            state.descriptor = nil
            state.ticket = nil
            return .end(outcome.frames, outcome.error)
        }
        state.unconsumed += outcome.frames.reduce(0) { $0 + $1.weight }
        if state.unconsumed > unreadLimit, !state.isPaused {
            state.isPaused = true
            reactor.change(ticket, of: number, to: [])
        }
        return .frames(outcome.frames)
    }
}
