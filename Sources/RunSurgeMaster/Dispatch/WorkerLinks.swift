internal import RunSurgeScheduling
internal import ZeroMQ

/// Which connection speaks for which session.
struct WorkerLinks {
    private var peers: [SessionID: Frame] = [:]
    private var sessions: [Frame: SessionID] = [:]
    private var greeting: Set<Frame> = []

    var count: Int { peers.count + greeting.count }

    var all: Dictionary<SessionID, Frame>.Values { peers.values }

    func peer(of session: SessionID) -> Frame? { peers[session] }
    func session(of peer: Frame) -> SessionID? { sessions[peer] }
    func isGreeting(_ peer: Frame) -> Bool { greeting.contains(peer) }

    mutating func beginGreeting(_ peer: Frame) { greeting.insert(peer) }
    mutating func endGreeting(_ peer: Frame) { greeting.remove(peer) }

    mutating func add(_ session: SessionID, peer: Frame) {
        greeting.remove(peer)
        if let former = sessions[peer] { peers[former] = nil }
        if let former = peers[session] { sessions[former] = nil }
        peers[session] = peer
        sessions[peer] = session
    }

    mutating func remove(_ session: SessionID) {
        guard let peer = peers.removeValue(forKey: session) else { return }
        sessions[peer] = nil
    }
}
