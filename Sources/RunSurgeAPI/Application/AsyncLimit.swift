import DequeModule
import Synchronization

/// A counting semaphore for tasks, first come first served, with a bounded queue.
final class AsyncLimit: Sendable {
    fileprivate struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    fileprivate struct State {
        var free: Int
        var nextID: UInt64 = 0
        var waiters: Deque<Waiter> = []
        /// Cancelled before they had begun to wait.
        var abandoned: Set<UInt64> = []
    }

    private let state: Mutex<State>
    private let waiting: Int

    /// - Parameter waiting: callers that may wait; further ones are refused.
    init(_ count: Int, waiting: Int) {
        state = Mutex(State(free: count))
        self.waiting = waiting
    }

    var isTaken: Bool { state.withLock { $0.free == 0 } }
    var waiters: Int { state.withLock { $0.waiters.count } }

    /// - Throws: 503 when the queue is full; `CancellationError`; what `operation` throws.
    func run<Value: Sendable>(_ operation: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await operation()
    }

    private func enter() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        defer { state.withLock { _ = $0.abandoned.remove(id) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = state.withLock { $0.admit(Waiter(id: id, continuation: continuation), waiting: waiting) }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.abandoned.insert(id)
                    return nil as Waiter?
                }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    private func leave() {
        let next = state.withLock { state -> Waiter? in
            if let next = state.waiters.popFirst() { return next }
            state.free += 1
            return nil
        }
        next?.continuation.resume()
    }
}

extension AsyncLimit.State {
    /// nil: it waits now.
    fileprivate mutating func admit(_ waiter: AsyncLimit.Waiter, waiting: Int) -> Result<Void, any Error>? {
        if abandoned.remove(waiter.id) != nil { return .failure(CancellationError()) }
        if free > 0 {
            free -= 1
            return .success(())
        }
        guard waiters.count < waiting else {
            return .failure(
                APIError(.serviceUnavailable, "busy", "The server is busy; try again in a second.", retryAfter: 1))
        }
        waiters.append(waiter)
        return nil
    }
}
