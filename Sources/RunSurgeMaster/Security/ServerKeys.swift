internal import RunSurgeCore
public import ZeroMQ

/// The CURVE keys of a master. Workers know two of them, so that the one in use can be replaced by the next.
public struct ServerKeys: Sendable {
    /// The one in use.
    public let current: CurveKeyPair
    /// The one that will be in use after the next rotation.
    public let next: CurveKeyPair
    /// Those that were in use before.
    public let retired: [CurvePublicKey]

    public init(current: CurveKeyPair, next: CurveKeyPair, retired: [CurvePublicKey] = []) {
        self.current = current
        self.next = next
        self.retired = retired
    }

    /// What workers are told, 32 bytes each: the current key, the next, then those of other masters, each once.
    func announced(beside others: [[UInt8]]) -> [[UInt8]] {
        var announced = [current.publicKey.bytes, next.publicKey.bytes]
        for key in others where !announced.contains(key) { announced.append(key) }
        return Array(announced.prefix(Limits.serverKeys))
    }
}
