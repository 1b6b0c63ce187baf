internal import DequeModule
internal import Synchronization

/// A counting semaphore for tasks, first come first served, with a bounded queue.
public final class AsyncLimit: Sendable {
    /// As many wait as may.
    public struct Busy: Error {
        public init() {}
    }

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
    public init(_ count: Int, waiting: Int = .max) {
        state = Mutex(State(free: count))
        self.waiting = waiting
    }

    public var isTaken: Bool { state.withLock { $0.free == 0 } }
    public var waiters: Int { state.withLock { $0.waiters.count } }

    /// - Throws: `Busy` when the queue is full; `CancellationError`; what `operation` throws.
    public func run<Value: Sendable>(_ operation: () async throws -> Value) async throws -> Value {
        let id = nextID()
        defer { state.withLock { _ = $0.abandoned.remove(id) } }
        try await withTaskCancellationHandler {
            try await enter(id)
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
        defer { leave() }
        return try await operation()
    }

    /// Waits and runs also in a task that is cancelled: for what is short, or cleans up.
    /// - Throws: `Busy`; what `operation` throws.
    public func runToEnd<Value: Sendable>(_ operation: () async throws -> Value) async throws -> Value {
        try await enter(nextID())
        defer { leave() }
        return try await operation()
    }

    private func nextID() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
    }

    private func enter(_ id: UInt64) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let answer = state.withLock { $0.admit(Waiter(id: id, continuation: continuation), waiting: waiting) }
            if let answer { continuation.resume(with: answer) }
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
        guard waiters.count < waiting else { return .failure(AsyncLimit.Busy()) }
        waiters.append(waiter)
        return nil
    }
}
