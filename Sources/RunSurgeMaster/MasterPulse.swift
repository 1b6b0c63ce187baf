internal import Synchronization

/// Tells how long ago the clock of a leading master ticked; shared with whoever asks for its health.
public final class MasterPulse: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    /// Since the last tick; nil while the master does not lead.
    public var silence: Duration? { last.withLock { $0 }.map { ContinuousClock.now - $0 } }

    func beat() { last.withLock { $0 = .now } }
    func stop() { last.withLock { $0 = nil } }
}
