internal import Synchronization
internal import ZeroMQ

/// What the subscribers of the events endpoint want, as the XPUB socket tells: a prefix of topics each.
final class Subscriptions: Sendable {
    private struct State {
        var prefixes: Set<Frame> = []
        /// Too many prefixes to keep: everything counts as wanted.
        var isFull = false
    }

    private static let limit = 10_000
    private let state = Mutex(State())

    /// A message of the XPUB socket: 1 and a prefix of the first who wants it, 0 and a prefix when the last is gone.
    func note(_ message: Message) {
        guard let frame = message.frames.first, let kind = frame.first else { return }
        let prefix = Array(frame.dropFirst())
        state.withLock { state in
            switch kind {
            case 1 where state.prefixes.count < Self.limit: state.prefixes.insert(prefix)
            case 1: state.isFull = true
            default: state.prefixes.remove(prefix)
            }
        }
    }

    /// All subscribers are gone.
    func forgetAll() { state.withLock { $0 = State() } }

    /// Whether anybody may want a topic that begins with `start`.
    func wants(_ start: String) -> Bool {
        let start = Array(start.utf8)
        return state.withLock { state in
            state.isFull || state.prefixes.contains { $0.starts(with: start) || start.starts(with: $0) }
        }
    }
}
