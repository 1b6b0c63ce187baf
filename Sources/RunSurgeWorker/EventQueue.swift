internal import Synchronization

/// Events on their way to one consumer: any thread posts, one task takes them in batches, in order.
///
/// Unbounded itself: whoever posts is bounded at its source.
final class EventQueue<Event: Sendable>: Sendable {
    private struct State {
        var events: [Event] = []
        var waiter: CheckedContinuation<Void, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    func post(_ event: Event) {
        let waiter = state.withLock { state in
            state.events.append(event)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Ends the consumer's loop after what was posted before.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// All events there are, at least one; nil at the end. One consumer only.
    func nextBatch(isolation: isolated (any Actor)? = #isolation) async -> [Event]? {
        while true {
            let (batch, isFinished) = state.withLock { state in
                defer { state.events = [] }
                return (state.events, state.isFinished)
            }
            if !batch.isEmpty { return batch }
            if isFinished { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.events.isEmpty || state.isFinished { return true }
                    precondition(state.waiter == nil, "an event queue has one consumer")
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
