internal import RunSurgeCore
internal import Synchronization
internal import ZeroMQ

/// The keys that are let in, in memory: the ZAP handler answers from here, and every message is checked against it.
final class AdmittedKeys: Sendable {
    private struct State {
        var identities: [CurvePublicKey: PeerIdentity] = [:]
        var members: [String: PeerIdentity] = [PeerIdentity.local.userID: .local]
        /// Grows with every load.
        var generation = 0
        /// Unknown keys, and the load that is the last word on each.
        var unknown: [CurvePublicKey: Int] = [:]
        var probe: CurvePublicKey?
        var probed: [LinkDomain: ZAPRequest.Verdict] = [:]
    }

    private let state = Mutex(State())
    private let signal: AsyncStream<Void>.Continuation
    /// Yields when somebody with an unknown key has come: it may have been enrolled a moment ago.
    let unknownKeyCame: AsyncStream<Void>

    init() { (unknownKeyCame, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    // MARK: Connections

    /// An unknown key is asked to come again until the store has been read after it came first.
    func verdict(on request: ZAPRequest) -> ZAPRequest.Verdict {
        guard let domain = LinkDomain(rawValue: request.domain) else { return .refuse }
        if domain == .local { return request.mechanism == "NULL" ? .admit(userID: PeerIdentity.local.userID) : .refuse }
        guard request.mechanism == "CURVE", let key = request.curveKey else { return .refuse }
        let verdict = state.withLock { state in
            let answer = answer(to: key, for: domain, &state)
            if key == state.probe { state.probed[domain] = answer }
            return answer
        }
        if verdict == .unavailable { signal.yield() }
        return verdict
    }

    private func answer(to key: CurvePublicKey, for domain: LinkDomain, _ state: inout State) -> ZAPRequest.Verdict {
        if let identity = state.identities[key] {
            return identity.isWorker || domain == .events ? .admit(userID: identity.userID) : .refuse
        }
        if let last = state.unknown[key] { return state.generation >= last ? .refuse : .unavailable }
        if state.unknown.count >= Limits.unknownKeys { state.unknown = [:] }
        // The load that may be on its way was perhaps begun before the key was stored: the one after it counts.
        state.unknown[key] = state.generation + 2
        return .unavailable
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

    /// Takes all valid keys of the store; those that were valid before and are no longer.
    func replace(_ keys: [NodeKey]) -> Set<PeerIdentity> {
        var identities: [CurvePublicKey: PeerIdentity] = [:]
        var members: [String: PeerIdentity] = [PeerIdentity.local.userID: .local]
        for key in keys {
            guard let curve = CurvePublicKey(bytes: key.publicKey), let identity = PeerIdentity(key) else { continue }
            identities[curve] = identity
            members[identity.userID] = identity
        }
        return state.withLock { state in
            let former = Set(state.members.values)
            state.identities = identities
            state.members = members
            state.generation += 1
            // Who was refused is asked to come again only when there is something new to learn.
            state.unknown = state.unknown.filter { identities[$0.key] == nil }
            return former.subtracting(members.values)
        }
    }

    // MARK: Self-test

    /// From now on it is recorded what a peer with this key was answered.
    func watch(_ probe: CurvePublicKey) {
        state.withLock {
            $0.probe = probe
            $0.probed = [:]
        }
    }

    var probed: [LinkDomain: ZAPRequest.Verdict] { state.withLock { $0.probed } }
}
