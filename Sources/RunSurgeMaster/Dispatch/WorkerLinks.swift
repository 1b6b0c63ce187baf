internal import RunSurgeScheduling
internal import ZeroMQ

/// Which connection speaks for which session, and whose the sessions are.
struct WorkerLinks {
    private var peers: [SessionID: Frame] = [:]
    private var sessionsByPeer: [Frame: SessionID] = [:]
    private var versions: [SessionID: UInt32] = [:]
    private var greeting: Set<Frame> = []
    /// Of every session that was attached, also when its connection is gone: its leases and results outlive that.
    private var owners: [SessionID: PeerIdentity] = [:]

    var count: Int { peers.count + greeting.count }

    var all: Dictionary<SessionID, Frame>.Values { peers.values }

    var sessions: Dictionary<SessionID, Frame>.Keys { peers.keys }

    func peer(of session: SessionID) -> Frame? { peers[session] }
    /// Of the protocol, as agreed in the greeting.
    func version(of session: SessionID) -> UInt32? { versions[session] }
    func session(of peer: Frame) -> SessionID? { sessionsByPeer[peer] }
    func isGreeting(_ peer: Frame) -> Bool { greeting.contains(peer) }

    func owner(of session: SessionID) -> PeerIdentity? { owners[session] }

    func sessions(of identities: Set<PeerIdentity>) -> [SessionID] {
        owners.filter { identities.contains($0.value) }.map(\.key).sorted()
    }

    /// Whether somebody else holds the session: nobody takes over what another one was given.
    func isForeign(_ session: SessionID, to identity: PeerIdentity) -> Bool {
        owners[session].map { $0 != identity } ?? false
    }

    /// Whether any of these is another's. Leases of one session come in a row, so few have to be looked up.
    func areAnyForeign(_ sessions: some Sequence<SessionID>, to identity: PeerIdentity) -> Bool {
        var last: SessionID?
        for session in sessions where session != last {
            if isForeign(session, to: identity) { return true }
            last = session
        }
        return false
    }

    mutating func beginGreeting(_ peer: Frame) { greeting.insert(peer) }
    mutating func endGreeting(_ peer: Frame) { greeting.remove(peer) }

    mutating func add(_ greeted: Greeting) {
        let (session, peer) = (greeted.session, greeted.peer)
        greeting.remove(peer)
        if let former = sessionsByPeer[peer] {
            peers[former] = nil
            versions[former] = nil
        }
        if let former = peers[session] { sessionsByPeer[former] = nil }
        peers[session] = peer
        sessionsByPeer[peer] = session
        versions[session] = greeted.version
        owners[session] = greeted.sender
    }

    mutating func remove(_ session: SessionID) {
        guard let peer = peers.removeValue(forKey: session) else { return }
        sessionsByPeer[peer] = nil
        versions[session] = nil
    }

    /// Forgets the owners of sessions that are neither linked nor wanted, when there are many.
    mutating func forgetOwners(past limit: Int, unless isWanted: (SessionID) -> Bool) {
        guard owners.count > limit else { return }
        owners = owners.filter { peers[$0.key] != nil || isWanted($0.key) }
    }
}
