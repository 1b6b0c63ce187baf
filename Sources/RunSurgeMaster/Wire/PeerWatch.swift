internal import Logging
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import Synchronization
internal import ZeroMQ

/// Counts what peers get wrong, and says so once a peer a minute.
final class PeerWatch: Sendable {
    private struct State {
        var total = 0
        var lastMention: [Frame: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())
    private let logger: Logger
    private static let interval = Duration.seconds(60)
    /// Peers remembered; past it all are forgotten, which costs some repeated lines.
    private static let peers = 10_000

    init(logger: Logger) { self.logger = logger }

    /// Bad messages since the start.
    var total: Int { state.withLock { $0.total } }

    func report(_ peer: Frame, _ problem: some CustomStringConvertible) {
        let mustMention = state.withLock { state in
            state.total += 1
            let now = ContinuousClock.now
            if let last = state.lastMention[peer], last + Self.interval > now { return false }
            if state.lastMention.count >= Self.peers { state.lastMention = [:] }
            state.lastMention[peer] = now
            return true
        }
        guard mustMention else { return }
        let name = HexCoding.encode(peer.prefix(16))
        logger.warning("a peer sent a bad message", metadata: ["peer": "\(name)", "problem": "\(problem.description)"])
    }
}
