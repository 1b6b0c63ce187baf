import Synchronization

/// Lets a task's cancellation reach the thread that waits for the server. Operations are numbered, so that a late
/// cancellation cannot hit the next one.
final class Interrupt: Sendable {
    private let wake = EventDescriptor()
    private let cancelled = Atomic<UInt64>(0)

    var descriptor: Int32 { wake.descriptor }

    func cancel(_ operation: UInt64) {
        cancelled.max(operation, ordering: .releasing)
        wake.signal()
    }

    func isCancelled(_ operation: UInt64) -> Bool {
        cancelled.load(ordering: .acquiring) >= operation
    }

    func drain() { wake.drain() }
}
