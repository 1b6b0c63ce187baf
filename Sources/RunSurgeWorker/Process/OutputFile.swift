internal import Glibc
internal import Synchronization

/// One of a script's streams on its way into a file, in full.
final class OutputFile: Sendable {
    private static let pieceBytes = 64 << 10

    private struct State {
        var pipe: FileDescriptorBox?
        var ticket: Reactor.Ticket?
        var written: Int64 = 0
        var isAnnounced = false
        var isOverLimit = false
    }

    let path: String
    private let file: FileDescriptor
    private let limit: Int64
    private let reactor: Reactor
    private let state: Mutex<State>
    private let onChange: @Sendable () -> Void

    /// - Parameter onChange: something was written, or the end came; not again before `written` has been asked for.
    init(
        reading pipe: consuming FileDescriptor, into path: String, limit: Int64, reactor: Reactor,
        onChange: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        try pipe.setNonblocking()
        file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        self.path = path
        self.limit = limit
        self.reactor = reactor
        self.onChange = onChange
        state = Mutex(State(pipe: FileDescriptorBox(pipe)))
    }

    func open() throws(SystemError) {
        try state.withLock { (state) throws(SystemError) in
            let number = state.pipe?.number ?? -1
            state.ticket = try reactor.watch(number, .reading) { [self] _ in receive() }
        }
    }

    /// Bytes so far.
    var written: Int64 {
        state.withLock { state in
            state.isAnnounced = false
            return state.written
        }
    }

    /// More was written than is allowed; the rest was thrown away.
    var isOverLimit: Bool { state.withLock { $0.isOverLimit } }

    /// Blocks.
    func read(at offset: Int64, limit: Int) throws(SystemError) -> [UInt8] { try file.read(at: offset, limit: limit) }

    /// Takes what is still in the pipe and lets go of it; for when all who could write are gone.
    func finish() {
        state.withLock { state in
            while state.pipe != nil, take(&state) {}
            close(&state)
        }
    }

    private func receive() {
        let mustAnnounce = state.withLock { state -> Bool in
            guard state.pipe != nil else { return false }
            _ = take(&state)
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
        if mustAnnounce { onChange() }
    }

    /// False when there is nothing now, or nothing any more.
    private func take(_ state: inout State) -> Bool {
        guard let number = state.pipe?.number else { return false }
        return withUnsafeTemporaryAllocation(byteCount: Self.pieceBytes, alignment: 16) { buffer in
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { return true }
            if count < 0, errno == EAGAIN { return false }
            guard count > 0 else {
                close(&state)
                return false
            }
            let room = Int(min(Int64(count), limit - state.written))
            if room < count { state.isOverLimit = true }
            do throws(SystemError) {
                try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<room]))
                state.written += Int64(room)
            } catch {
                state.isOverLimit = true
            }
            return true
        }
    }

    private func close(_ state: inout State) {
        if let ticket = state.ticket, let number = state.pipe?.number { reactor.forget(ticket, of: number) }
        state.ticket = nil
        state.pipe = nil
    }
}
