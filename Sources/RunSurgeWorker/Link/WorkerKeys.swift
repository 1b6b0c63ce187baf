public import ZeroMQ

/// What a worker proves itself with on the network, and the masters that it takes for real.
public struct WorkerKeys: Sendable {
    /// Made on this machine; the secret never leaves it.
    public let pair: CurveKeyPair
    /// Of the masters, at least one: the ones in use and those that will be next.
    public let serverKeys: [CurvePublicKey]
    /// Keeps the masters' keys, as a master has told them, for the next start.
    public let remember: @Sendable ([CurvePublicKey]) -> Void

    public init(
        pair: CurveKeyPair, serverKeys: [CurvePublicKey],
        remember: @escaping @Sendable ([CurvePublicKey]) -> Void = { _ in }
    ) {
        precondition(!serverKeys.isEmpty, "a worker knows the key of its master")
        self.pair = pair
        self.serverKeys = serverKeys
        self.remember = remember
    }
}
