internal import RunSurgeScheduling
internal import ZeroMQ

/// Which connection speaks for which session.
struct WorkerLinks {
    private var peers: [SessionID: Frame] = [:]
    private var sessions: [Frame: SessionID] = [:]
    private var versions: [SessionID: UInt32] = [:]
    private var greeting: Set<Frame> = []

    var count: Int { peers.count + greeting.count }

    var all: Dictionary<SessionID, Frame>.Values { peers.values }

    func peer(of session: SessionID) -> Frame? { peers[session] }
    /// Of the protocol, as agreed in the greeting.
    func version(of session: SessionID) -> UInt32? { versions[session] }
    func session(of peer: Frame) -> SessionID? { sessions[peer] }
    func isGreeting(_ peer: Frame) -> Bool { greeting.contains(peer) }

    mutating func beginGreeting(_ peer: Frame) { greeting.insert(peer) }
    mutating func endGreeting(_ peer: Frame) { greeting.remove(peer) }

    mutating func add(_ session: SessionID, peer: Frame, version: UInt32) {
        greeting.remove(peer)
        if let former = sessions[peer] {
            peers[former] = nil
            versions[former] = nil
        }
        if let former = peers[session] { sessions[former] = nil }
        peers[session] = peer
        sessions[peer] = session
        versions[session] = version
    }

    mutating func remove(_ session: SessionID) {
        guard let peer = peers.removeValue(forKey: session) else { return }
        sessions[peer] = nil
        versions[session] = nil
    }
}
