import RunSurgeCore
import RunSurgeMaster
import Synchronization

/// What the master of this process is at the moment, for its REST facade and its metrics.
final class ClusterBoard: Sendable {
    private struct State {
        var endpoints: MasterEndpoints?
        var serverKeys: [[UInt8]] = []
    }

    let standing = MasterStanding()
    let pulse = MasterPulse()
    private let state = Mutex(State())

    /// Where it listens; nil until it leads for the first time.
    var endpoints: MasterEndpoints? {
        get { state.withLock { $0.endpoints } }
        set { state.withLock { $0.endpoints = newValue } }
    }

    /// CURVE public keys, 32 bytes each: the one in use and the next; empty when there is no network.
    var serverKeys: [[UInt8]] {
        get { state.withLock { $0.serverKeys } }
        set { state.withLock { $0.serverKeys = newValue } }
    }

    /// For peers with keys; nil while it does not lead, or has none.
    var networkEndpoints: LinkEndpoints? {
        guard case .leading = standing.role else { return nil }
        return endpoints?.network
    }

    var view: ClusterView {
        let endpoints = endpoints?.network
        return ClusterView(
            standing.view, work: endpoints?.work ?? "", events: endpoints?.events ?? "", serverKeys: serverKeys)
    }
}
