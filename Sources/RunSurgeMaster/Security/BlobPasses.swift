internal import Synchronization

/// What workers show when they read and write blobs over HTTP: a secret for each, good for as long as its key is valid
/// and this process lives. Safe to use from any task.
public final class BlobPasses: Sendable {
    private struct State {
        var passes: [PeerIdentity: String] = [:]
        var holders: [String: PeerIdentity] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// The one it has, or a new one.
    func pass(for identity: PeerIdentity) -> String {
        state.withLock { state in
            if let pass = state.passes[identity] { return pass }
            let pass = Self.random()
            state.passes[identity] = pass
            state.holders[pass] = identity
            return pass
        }
    }

    func revoke(_ identities: Set<PeerIdentity>) {
        state.withLock { state in
            for identity in identities {
                guard let pass = state.passes.removeValue(forKey: identity) else { continue }
                state.holders[pass] = nil
            }
        }
    }

    /// Found by a hash that is seeded anew in every process: the time it takes tells nothing of the passes there are.
    public func admits(_ pass: String) -> Bool { state.withLock { $0.holders[pass] != nil } }

    /// 256 bits in hexadecimal, marked so that it is told from other tokens.
    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<64).map { _ in Int.random(in: 0..<16, using: &generator) }
        return "blob-" + digits.map { String($0, radix: 16) }.joined()
    }
}
