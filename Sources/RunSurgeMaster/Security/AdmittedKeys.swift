internal import RunSurgeCore
internal import Synchronization
internal import ZeroMQ

/// The keys that are let in, in memory: the ZAP handler answers from here, and every message is checked against it.
final class AdmittedKeys: Sendable {
    private struct State {
        var identities: [CurvePublicKey: PeerIdentity] = [:]
        var members: [String: PeerIdentity] = [PeerIdentity.local.userID: .local]
        /// Loads of the store that have begun, and the last that has ended.
        var begun = 0
        var ended = 0
        /// Peers with keys that were unknown when load `after` was the last to begin: the next one decides.
        var waiting: [(request: ZAPRequest, after: Int)] = []
        /// Keys that a load has found to be unknown.
        var refused: Set<CurvePublicKey> = []
        var probe: CurvePublicKey?
        var probed: [LinkDomain: ZAPRequest.Verdict] = [:]
    }

    private let state = Mutex(State())
    private let unknown: AsyncStream<Void>.Continuation
    private let loaded: AsyncStream<Void>.Continuation
    /// Yields when somebody with an unknown key has come: it may have been enrolled a moment ago.
    let unknownKeyCame: AsyncStream<Void>
    /// Yields after every load.
    let loads: AsyncStream<Void>

    init() {
        (unknownKeyCame, unknown) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (loads, loaded) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Connections

    /// nil for an unknown key, which is decided on by `takeDecided` after the store has been read.
    func verdict(on request: ZAPRequest) -> ZAPRequest.Verdict? {
        guard let domain = LinkDomain(rawValue: request.domain) else { return .refuse }
        if domain == .local { return request.mechanism == "NULL" ? .admit(userID: PeerIdentity.local.userID) : .refuse }
        guard request.mechanism == "CURVE", let key = request.curveKey else { return .refuse }
        let verdict = state.withLock { state -> ZAPRequest.Verdict? in
            if let known = answer(to: key, for: domain, state) {
                if key == state.probe { state.probed[domain] = known }
                return known
            }
            // Past the bound the oldest are left to come again.
            if state.waiting.count >= Limits.unknownKeys { state.waiting.removeFirst(Limits.unknownKeys / 2) }
            state.waiting.append((request, state.begun))
            return nil
        }
        if verdict == nil { unknown.yield() }
        return verdict
    }

    private func answer(to key: CurvePublicKey, for domain: LinkDomain, _ state: State) -> ZAPRequest.Verdict? {
        if let identity = state.identities[key] {
            return identity.isWorker || domain == .events ? .admit(userID: identity.userID) : .refuse
        }
        return state.refused.contains(key) || key == state.probe ? .refuse : nil
    }

    /// Those who waited and whose keys a load has settled since.
    func takeDecided() -> [(ZAPRequest, ZAPRequest.Verdict)] {
        state.withLock { state in
            let decided = state.waiting.filter { $0.after < state.ended }
            state.waiting.removeAll { $0.after < state.ended }
            return decided.compactMap { waiting in
                guard let key = waiting.request.curveKey, let domain = LinkDomain(rawValue: waiting.request.domain)
                else { return nil }
                if let answer = answer(to: key, for: domain, state) { return (waiting.request, answer) }
                if state.refused.count >= Limits.unknownKeys { state.refused = [] }
                state.refused.insert(key)
                return (waiting.request, .refuse)
            }
        }
    }

    // MARK: Messages

    /// nil when the peer's key is not valid any more, or it has none.
    func identity(of userID: String?) -> PeerIdentity? {
        guard let userID else { return nil }
        return state.withLock { $0.members[userID] }
    }

    /// All that are valid now, by User-Id, for a batch of messages.
    var members: [String: PeerIdentity] { state.withLock { $0.members } }

    // MARK: Keys

    /// To be called before the store is read; the number goes to `replace`.
    func beginLoad() -> Int {
        state.withLock { state in
            state.begun += 1
            return state.begun
        }
    }

    /// Takes all valid keys of the store; those that were valid before and are no longer.
    func replace(_ keys: [NodeKey], load: Int) -> Set<PeerIdentity> {
        var identities: [CurvePublicKey: PeerIdentity] = [:]
        var members: [String: PeerIdentity] = [PeerIdentity.local.userID: .local]
        for key in keys {
            guard let curve = CurvePublicKey(bytes: key.publicKey), let identity = PeerIdentity(key) else { continue }
            identities[curve] = identity
            members[identity.userID] = identity
        }
        let revoked = state.withLock { state in
            let former = Set(state.members.values)
            state.identities = identities
            state.members = members
            state.ended = load
            return former.subtracting(members.values)
        }
        loaded.yield()
        return revoked
    }

    // MARK: Self-test

    /// From now on a peer with this key is refused like any stranger, and it is recorded where it was.
    func watch(_ probe: CurvePublicKey) {
        state.withLock {
            $0.probe = probe
            $0.probed = [:]
        }
    }

    var probed: [LinkDomain: ZAPRequest.Verdict] { state.withLock { $0.probed } }
}
