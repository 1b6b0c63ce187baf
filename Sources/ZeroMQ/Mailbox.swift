import Synchronization

/// Commands on their way to the socket thread: any thread posts, the socket thread alone takes.
///
/// A post costs a system call only when the thread sleeps, and then only the first one.
final class Mailbox: Sendable {
    private struct State {
        var commands: [Command] = []
        var isClosed = false
        var isAsleep = false
    }

    private let capacity: Int
    private let wakeup: EventDescriptor
    private let state = Mutex(State())

    /// `capacity` bounds the commands that wait, at least 1.
    init(capacity: Int, wakeup: EventDescriptor) {
        precondition(capacity > 0, "a mailbox holds at least one command")
        self.capacity = capacity
        self.wakeup = wakeup
    }

    /// Throws `.mailboxFull` or `.closed`; the command is then not queued.
    func post(_ command: consuming Command) throws(ZeroMQError) {
        switch append(command, bound: capacity) {
        case .queued(let mustWake): if mustWake { wakeup.signal() }
        case .refused(let error): throw error
        }
    }

    /// Posts what there is at most one of for each socket, past the bound. False when closed.
    @discardableResult
    func postUrgent(_ command: consuming Command) -> Bool {
        guard case .queued(let mustWake) = append(command, bound: .max) else { return false }
        if mustWake { wakeup.signal() }
        return true
    }

    /// Refuses every later post and tells the thread to end after what was posted before. Idempotent.
    func close() {
        let mustWake = state.withLock { state in
            guard !state.isClosed else { return false }
            state.isClosed = true
            state.commands.append(.shutdown)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if mustWake { wakeup.signal() }
    }

    /// Moves all waiting commands to `batch`, which must be empty; its storage is used for the next ones.
    func take(into batch: inout [Command]) {
        state.withLock { state in
            state.isAsleep = false
            swap(&state.commands, &batch)
        }
    }

    /// Announces that the thread is about to sleep; false when there is a command to take first.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.commands.isEmpty
            return state.isAsleep
        }
    }

    private enum Appended {
        case queued(mustWake: Bool)
        case refused(ZeroMQError)
    }

    private func append(_ command: Command, bound: Int) -> Appended {
        state.withLock { state in
            guard !state.isClosed else { return .refused(.closed) }
            guard state.commands.count < bound else { return .refused(.mailboxFull) }
            state.commands.append(command)
            defer { state.isAsleep = false }
            return .queued(mustWake: state.isAsleep)
        }
    }
}
