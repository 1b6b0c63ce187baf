import Synchronization

/// Reads of single values that are wanted at the same time, in few queries.
///
/// What is wanted while a query is on its way waits for the next one: a caller that is alone waits for nobody, and a
/// thousand cost a few round trips. Nobody is given what was read before they asked.
final class CombinedReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Answers = [Key: Result<Value, any Error>]

    private struct State {
        var isRunning = false
        var waiting: [Key: [CheckedContinuation<Value?, any Error>]] = [:]
    }

    private let read: @Sendable ([Key]) async throws -> Answers
    private let state = Mutex(State())

    /// - Parameter read: asks for some keys, no two the same; those that there are not are left out.
    init(read: @escaping @Sendable ([Key]) async throws -> Answers) {
        self.read = read
    }

    /// nil: there is none. A caller that is cancelled waits for the end of its query all the same.
    func value(for key: Key) async throws -> Value? {
        try await withCheckedThrowingContinuation { continuation in
            let mustStart = state.withLock { state in
                state.waiting[key, default: []].append(continuation)
                defer { state.isRunning = true }
                return !state.isRunning
            }
            // Of no caller: it goes on for the others when one of them is cancelled.
            if mustStart { Task { await run() } }
        }
    }

    private func run() async {
        // Who is about to ask does so first.
        await Task.yield()
        while let wanted = next() {
            let answers: Result<Answers, any Error>
            do {
                answers = .success(try await read(Array(wanted.keys)))
            } catch {
                answers = .failure(error)
            }
            for (key, callers) in wanted {
                let answer = answers.flatMap { $0[key]?.map(Optional.some) ?? .success(nil) }
                for caller in callers { caller.resume(with: answer) }
            }
            await Task.yield()
        }
    }

    /// nil when nobody waits: the next caller starts anew.
    private func next() -> [Key: [CheckedContinuation<Value?, any Error>]]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            defer { state.waiting = [:] }
            return state.waiting
        }
    }
}
