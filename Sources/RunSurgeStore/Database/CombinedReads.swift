import Synchronization

/// Reads of single values that are wanted at the same time, in few queries.
///
/// What is wanted while as many queries as may are on their way waits for the next one: a caller that is alone waits for
/// nobody, and a thousand cost a few round trips. Nobody is given what was read before they asked.
final class CombinedReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Answers = [Key: Result<Value, any Error>]

    private struct State {
        var running = 0
        var waiting: [Key: [CheckedContinuation<Value?, any Error>]] = [:]
    }

    private let atOnce: Int
    private let read: @Sendable ([Key]) async throws -> Answers
    private let state = Mutex(State())

    /// - Parameters:
    ///   - atOnce: queries, 1 or more.
    ///   - read: asks for some keys, no two the same; those that there are not are left out.
    init(atOnce: Int, read: @escaping @Sendable ([Key]) async throws -> Answers) {
        self.atOnce = atOnce
        self.read = read
    }

    /// nil: there is none. A caller that is cancelled waits for the end of its query all the same.
    func value(for key: Key) async throws -> Value? {
        try await withCheckedThrowingContinuation { continuation in
            let mustStart = state.withLock { state in
                state.waiting[key, default: []].append(continuation)
                guard state.running < atOnce else { return false }
                state.running += 1
                return true
            }
            // Of no caller: it goes on for the others when one of them is cancelled.
            if mustStart { Task { await run() } }
        }
    }

    private func run() async {
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
        }
    }

    /// nil when nobody waits: the next caller starts anew.
    private func next() -> [Key: [CheckedContinuation<Value?, any Error>]]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            defer { state.waiting = [:] }
            return state.waiting
        }
    }
}
