import Synchronization

/// The counts behind `SocketStatistics`, and the socket's share of queued sends.
///
/// Any thread reserves and reads; only the socket thread releases and counts.
final class SocketCounters: Sendable {
    private let limit: QueueLimit
    private let queuedMessages = Atomic<Int>(0)
    private let queuedBytes = Atomic<Int>(0)
    private let sent = Atomic<Int>(0)
    private let received = Atomic<Int>(0)
    private let oversized = Atomic<Int>(0)
    private let discarded = Atomic<Int>(0)
    private let closed = Atomic<Bool>(false)

    init(limit: QueueLimit) { self.limit = limit }

    /// Takes room for one send; false, with nothing taken, when the bound is reached.
    func reserve(bytes: Int) -> Bool {
        let messages = queuedMessages.add(1, ordering: .relaxed).newValue
        let before = queuedBytes.add(bytes, ordering: .relaxed).oldValue
        // Only what waited before counts in bytes, so that a message over the bound passes when it is alone.
        if messages <= limit.messages && (before == 0 || before + bytes <= limit.bytes) { return true }
        release(bytes: bytes)
        return false
    }

    func release(bytes: Int) {
        queuedMessages.subtract(1, ordering: .relaxed)
        queuedBytes.subtract(bytes, ordering: .relaxed)
    }

    var isClosed: Bool { closed.load(ordering: .relaxed) }
    func close() { closed.store(true, ordering: .relaxed) }

    func countSent() { sent.add(1, ordering: .relaxed) }
    func countReceived(_ count: Int) { received.add(count, ordering: .relaxed) }
    func countOversized() { oversized.add(1, ordering: .relaxed) }
    func countDiscarded() { discarded.add(1, ordering: .relaxed) }

    var snapshot: SocketStatistics {
        SocketStatistics(
            sent: sent.load(ordering: .relaxed),
            received: received.load(ordering: .relaxed),
            oversized: oversized.load(ordering: .relaxed),
            discarded: discarded.load(ordering: .relaxed),
            queued: queuedMessages.load(ordering: .relaxed))
    }
}
