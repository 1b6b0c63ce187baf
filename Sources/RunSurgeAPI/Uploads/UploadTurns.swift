import RunSurgeCore
import Synchronization

/// Uploads are read so many at a time, and half of them at most for one user: those that somebody lets hang keep nobody
/// else waiting.
final class UploadTurns: Sendable {
    private struct Share {
        let limit: AsyncLimit
        var callers = 0
    }

    private let all: AsyncLimit
    private let share: Int
    private let shares = Mutex<[UserID: Share]>([:])

    /// - Parameter waiting: uploads that may wait; further ones are refused.
    init(_ count: Int, waiting: Int) {
        all = AsyncLimit(count, waiting: waiting)
        share = max(1, count / 2)
    }

    /// - Parameter user: nil: the cluster's own workers.
    /// - Throws: `AsyncLimit.Busy`; `CancellationError`; what `operation` throws.
    func run<Value: Sendable>(for user: UserID?, _ operation: () async throws -> Value) async throws -> Value {
        guard let user else { return try await all.run(operation) }
        let own = enter(user)
        defer { leave(user) }
        return try await own.run { try await all.run(operation) }
    }

    private func enter(_ user: UserID) -> AsyncLimit {
        shares.withLock { shares in
            let known = shares[user] ?? Share(limit: AsyncLimit(share))
            shares[user] = Share(limit: known.limit, callers: known.callers + 1)
            return known.limit
        }
    }

    private func leave(_ user: UserID) {
        shares.withLock { shares in
            guard let known = shares[user] else { return }
            shares[user] = known.callers > 1 ? Share(limit: known.limit, callers: known.callers - 1) : nil
        }
    }
}
