import Dispatch
import Synchronization

/// Runs blocking file calls on at most `width` threads of its own, never on the cooperative pool; first come, first
/// served.
final class BlockingPool: Sendable {
    private struct State {
        var active = 0
        var waiting: ArraySlice<@Sendable () -> Void> = []
    }

    private let state = Mutex(State())
    private let width: Int
    private let queue: DispatchQueue

    init(label: String, width: Int) {
        precondition(width > 0)
        self.width = width
        queue = DispatchQueue(label: label, attributes: .concurrent)
    }

    /// Returns what `body` returns, after it has run on a thread of the pool. Not cancellable: file calls are short.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Result { try body() }) }
        }
    }

    private func submit(_ job: @escaping @Sendable () -> Void) {
        let startsThread = state.withLock { state in
            guard state.active < width else {
                state.waiting.append(job)
                return false
            }
            state.active += 1
            return true
        }
        guard startsThread else { return }
        queue.async {
            var next: (@Sendable () -> Void)? = job
            while let job = next {
                job()
                next = self.state.withLock { state in
                    if let waiting = state.waiting.popFirst() { return waiting }
                    state.active -= 1
                    return nil
                }
            }
        }
    }
}
