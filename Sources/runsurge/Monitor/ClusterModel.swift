import RunSurgeProtocol

/// What the events of a cluster add up to. Times are seconds of one monotonic clock of this process, so that no clock
/// of another machine is believed.
struct ClusterModel: Sendable {
    /// A worker process of a node, as its last heartbeat tells.
    struct Agent: Sendable {
        var heartbeat: WireHeartbeat
        var heard: Double
        var rate = RateMeter()
    }

    struct Node: Sendable {
        let id: Int64
        var name = ""
        var state: WireNodeState?
        /// When the master last told of it.
        var told: Double
        /// By session: two workers of one host may share a node.
        var agents: [UInt64: Agent] = [:]
    }

    /// What an event was worth.
    enum Change: Sendable, Equatable {
        /// It was none that this model knows, or it can't be read.
        case nothing
        case update
        /// A node has another state, or the master is another.
        case turn
    }

    /// A node of which nothing was said for this long, while the master was heard, is no longer known to it.
    private static let forgotten = 10.0
    /// A worker process that is silent for this long has been replaced or is gone.
    private static let silent = 15.0

    private(set) var beacon: WireBeacon?
    private(set) var beaconHeard: Double?
    private(set) var missedBeacons: UInt64 = 0
    /// Changes of the term that were seen.
    private(set) var takeovers = 0
    private(set) var rate = RateMeter()
    private var known: [Int64: Node] = [:]

    /// Ascending.
    var nodes: [Node] { known.values.sorted { $0.id < $1.id } }

    mutating func take(topic: String, payload: [UInt8], at time: Double) -> Change {
        do throws(ProtocolError) {
            switch topic.split(separator: "/", maxSplits: 1).first {
            case "beacon": return hear(try FrameCodec.decode(WireBeacon.self, from: payload), time)
            case "node": return hear(try FrameCodec.decode(WireHeartbeat.self, from: payload), time)
            case "node-state": return hear(try FrameCodec.decode(WireNodeState.self, from: payload), time)
            default: return .nothing
            }
        } catch {
            // A master of another version may say more than this program understands.
            return .nothing
        }
    }

    private mutating func hear(_ beacon: WireBeacon, _ time: Double) -> Change {
        let former = self.beacon
        self.beacon = beacon
        beaconHeard = time
        forget(time)
        guard let former else {
            rate.note(beacon.chunksAccepted, at: time)
            return .turn
        }
        guard former.term == beacon.term else {
            // One that was superseded may have its last word after its successor's first.
            takeovers += beacon.term > former.term ? 1 : 0
            rate = RateMeter()
            rate.note(beacon.chunksAccepted, at: time)
            return .turn
        }
        if beacon.sequence > former.sequence + 1 { missedBeacons &+= beacon.sequence - former.sequence - 1 }
        rate.note(beacon.chunksAccepted, at: time)
        return .update
    }

    private mutating func hear(_ state: WireNodeState, _ time: Double) -> Change {
        var node = known[state.nodeID] ?? Node(id: state.nodeID, told: time)
        let isTurn = node.state?.state != state.state
        node.state = state
        node.told = time
        if !state.nodeName.isEmpty { node.name = state.nodeName }
        if state.state == .dead || state.state == .left { node.agents = [:] }
        known[state.nodeID] = node
        return isTurn ? .turn : .update
    }

    private mutating func hear(_ heartbeat: WireHeartbeat, _ time: Double) -> Change {
        var node = known[heartbeat.nodeID] ?? Node(id: heartbeat.nodeID, told: time)
        var agent = node.agents[heartbeat.session] ?? Agent(heartbeat: heartbeat, heard: time)
        agent.heartbeat = heartbeat
        agent.heard = time
        agent.rate.note(heartbeat.chunksCompleted, at: time)
        if node.name.isEmpty { node.name = heartbeat.nodeName }
        node.agents = node.agents.filter { time - $0.value.heard < Self.silent }
        node.agents[heartbeat.session] = agent
        known[heartbeat.nodeID] = node
        return .update
    }

    private mutating func forget(_ time: Double) {
        known = known.filter { node in
            let lastHeard = node.value.agents.values.map(\.heard).max() ?? 0
            return time - max(node.value.told, lastHeard) < Self.forgotten
        }
    }
}
