import RunSurgeCore
import Synchronization

/// One lead for the masters of a test, that a test can take away.
final class MemoryElection: LeaderElection {
    private let holder = Mutex<MemoryLeadership?>(nil)

    func lead() async throws -> any Leadership {
        while true {
            if let leadership = try await leadNow() { return leadership }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func leadNow() async throws -> (any Leadership)? { take() }

    /// Whether somebody leads.
    var isHeld: Bool { holder.withLock { $0?.isHeld == true } }

    /// For a test that wants to lead itself.
    func take() -> MemoryLeadership? {
        holder.withLock { holder in
            guard holder?.isHeld != true else { return nil }
            holder = MemoryLeadership()
            return holder
        }
    }

    /// As when the connection that holds it breaks. With `successor`, somebody else leads at once.
    @discardableResult
    func depose(successor: Bool) -> MemoryLeadership? {
        holder.withLock { holder in
            holder?.lose()
            holder = successor ? MemoryLeadership() : nil
            return holder
        }
    }
}

final class MemoryLeadership: Leadership {
    private let isLost = Atomic(false)

    var isHeld: Bool { !isLost.load(ordering: .acquiring) }

    func lose() { isLost.store(true, ordering: .releasing) }
    func waitForLoss() async {
        while isHeld, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
    }
    func release() async { lose() }
}
