import Synchronization

/// Received messages on their way from the socket thread to one consumer.
///
/// Bounded: when it is full the thread leaves the socket unread, and is told to resume when half has been consumed.
final class Inbox: Sendable {
    private struct State {
        var messages = FIFO<Message>()
        var bytes = 0
        var waiter: CheckedContinuation<Void, Never>?
        var isPaused = false
        var isFinished = false
    }

    /// What the consumer finds.
    enum Taken {
        case message(Message)
        case nothingYet
        case finished
    }

    private let id: SocketID
    private let limit: QueueLimit
    private let mailbox: Mailbox
    private let state = Mutex(State())

    init(id: SocketID, limit: QueueLimit, mailbox: Mailbox) {
        self.id = id
        self.limit = limit
        self.mailbox = mailbox
    }

    /// The room left; when there is none, the consumer is asked to post `.resume`. Socket thread only.
    func room() -> QueueLimit? {
        state.withLock { state in
            let messages = limit.messages - state.messages.count
            let bytes = limit.bytes - state.bytes
            state.isPaused = messages <= 0 || bytes <= 0
            return state.isPaused ? nil : QueueLimit(messages: messages, bytes: bytes)
        }
    }

    /// Adds a batch and wakes the consumer once. Socket thread only.
    func deliver(_ batch: [Message], bytes: Int) {
        let waiter = state.withLock { state in
            state.messages.append(contentsOf: batch)
            state.bytes += bytes
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Ends the stream after what it holds. Idempotent.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func take() -> Taken {
        let (taken, isDrained) = state.withLock { state -> (Taken, Bool) in
            guard let message = state.messages.popFirst() else {
                return (state.isFinished ? .finished : .nothingYet, false)
            }
            state.bytes -= message.byteCount
            return (.message(message), mustResume(&state))
        }
        if isDrained { mailbox.postUrgent(.resume(id)) }
        return taken
    }

    /// Takes up to `limit` messages under one lock; nil when the stream has ended, empty when nothing is there yet.
    func takeBatch(limit: Int) -> [Message]? {
        let (taken, isDrained) = state.withLock { state -> ([Message]?, Bool) in
            guard !state.messages.isEmpty else { return (state.isFinished ? nil : [], false) }
            var batch: [Message] = []
            batch.reserveCapacity(min(limit, state.messages.count))
            while batch.count < limit, let message = state.messages.popFirst() {
                state.bytes -= message.byteCount
                batch.append(message)
            }
            return (batch, mustResume(&state))
        }
        if isDrained { mailbox.postUrgent(.resume(id)) }
        return taken
    }

    /// Returns when there may be something to take, the stream has ended, or the task is cancelled.
    func wait(isolation: isolated (any Actor)? = #isolation) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    precondition(state.waiter == nil, "a message stream has one consumer")
                    // Seen under the lock: a cancellation that comes later finds the waiter below.
                    if !state.messages.isEmpty || state.isFinished || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }

    private func mustResume(_ state: inout State) -> Bool {
        guard state.isPaused, state.messages.count <= limit.messages / 2, state.bytes <= limit.bytes / 2 else {
            return false
        }
        state.isPaused = false
        return true
    }
}
