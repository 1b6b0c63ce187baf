import RunSurgeCore
import RunSurgeMaster
import Synchronization

/// What the master of this process is at the moment, for its REST facade and its metrics.
final class ClusterBoard: Sendable {
    let standing = MasterStanding()
    let pulse = MasterPulse()
    private let state = Mutex<MasterEndpoints?>(nil)

    /// Where it listens; nil until it leads for the first time.
    var endpoints: MasterEndpoints? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    var view: ClusterView {
        let endpoints = endpoints
        return ClusterView(standing.view, work: endpoints?.work ?? "", events: endpoints?.events ?? "")
    }
}
