internal import Synchronization

/// Items on their way to one consumer, taken all at once: what gathers while a batch is written is the next batch.
final class WorkQueue<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var weight = 0
        /// Taken and not finished yet.
        var inProgress = 0
        var isFinished = false
        var consumer: CheckedContinuation<Void, Never>?
        var producers: [CheckedContinuation<Void, Never>] = []
        var idlers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: weight of the waiting items at which `waitForRoom` waits.
    init(capacity: Int) { self.capacity = capacity }

    /// Of what waits or is in progress.
    var weight: Int { state.withLock { $0.weight } }

    /// Never waits: what must be written is taken in. Those that bring more wait for room first.
    func append(_ item: Item, weight: Int = 1) {
        let consumer = state.withLock { state in
            state.items.append(item)
            state.weight += weight
            return state.consumer.take()
        }
        consumer?.resume()
    }

    /// Waits for at least one item and takes all; nil when the queue has ended and is empty. One consumer.
    func next() async -> [Item]? {
        finishBatch()
        while true {
            let (items, isFinished) = state.withLock { state -> ([Item], Bool) in
                let items = state.items
                state.items = []
                state.inProgress = state.weight
                return (items, state.isFinished)
            }
            if !items.isEmpty { return items }
            if isFinished || Task.isCancelled { return nil }
            await waitForItems()
        }
    }

    func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            return state.consumer.take()
        }
        consumer?.resume()
    }

    /// Returns when less than the capacity waits, or the task is cancelled.
    func waitForRoom() async { await wait(until: { $0.weight < self.capacity }, or: { $0.producers.append($1) }) }

    /// Returns when everything that was appended has been finished, or the task is cancelled.
    func waitUntilIdle() async { await wait(until: { $0.weight == 0 }, or: { $0.idlers.append($1) }) }

    private func finishBatch() {
        let waiting = state.withLock { state in
            state.weight -= state.inProgress
            state.inProgress = 0
            var waiting: [CheckedContinuation<Void, Never>] = []
            if state.weight < capacity { swap(&waiting, &state.producers) }
            if state.weight == 0 {
                waiting += state.idlers
                state.idlers = []
            }
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func waitForItems() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.items.isEmpty || state.isFinished || Task.isCancelled { return true }
                    state.consumer = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.consumer.take() }?.resume()
        }
    }

    private func wait(
        until isMet: @Sendable (borrowing State) -> Bool,
        or enlist: @Sendable (inout State, CheckedContinuation<Void, Never>) -> Void
    ) async {
        while !Task.isCancelled, !state.withLock({ isMet($0) }) {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if isMet(state) || Task.isCancelled { return true }
                        enlist(&state, continuation)
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                wakeAll()
            }
        }
    }

    /// Whoever is not the one to wake finds nothing changed and waits again.
    private func wakeAll() {
        let waiting = state.withLock { state in
            let waiting = state.producers + state.idlers
            state.producers = []
            state.idlers = []
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
