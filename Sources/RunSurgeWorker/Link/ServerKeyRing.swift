internal import RunSurgeCore
internal import ZeroMQ

/// Which of the masters' keys to try at an endpoint. libzmq says nothing when the key is wrong: who is not answered
/// tries the next.
struct ServerKeyRing: Sendable {
    private(set) var keys: [CurvePublicKey]
    /// How often each endpoint has not answered since it last did, beginning at the key that worked.
    private var positions: [String: Int] = [:]

    /// Where the master is that told the keys: its own two come first, those of the others after them.
    private var home: String?
    private static let keysOfOne = 2

    init(_ keys: [CurvePublicKey]) { self.keys = keys }

    /// nil when there is none: the endpoint is one of this machine.
    func key(for endpoint: String) -> CurvePublicKey? {
        keys.isEmpty ? nil : keys[(start(at: endpoint) + positions[endpoint, default: 0]) % keys.count]
    }

    /// A standby that takes over is to be let in by its first key, not after all of the former leader's.
    private func start(at endpoint: String) -> Int {
        home == nil || home == endpoint || keys.count <= Self.keysOfOne ? 0 : Self.keysOfOne
    }

    /// Whether every key has been tried once more.
    mutating func failed(at endpoint: String) -> Bool {
        guard !keys.isEmpty else { return true }
        positions[endpoint, default: 0] += 1
        return positions[endpoint, default: 0].isMultiple(of: keys.count)
    }

    /// A master has told the keys that are good from now on; false when they were known.
    mutating func learn(_ told: [CurvePublicKey], at endpoint: String) -> Bool {
        var learnt: [CurvePublicKey] = []
        for key in told where !learnt.contains(key) { learnt.append(key) }
        learnt = Array(learnt.prefix(Limits.serverKeys))
        guard let worked = key(for: endpoint), !learnt.isEmpty else { return false }
        let isNew = learnt != keys
        keys = learnt
        home = endpoint
        positions = [endpoint: learnt.firstIndex(of: worked) ?? 0]
        return isNew
    }
}
