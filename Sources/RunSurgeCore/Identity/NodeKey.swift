/// A CURVE public key that is let in at the links, or was until it was revoked.
public struct NodeKey: Sendable, Equatable {
    public let id: KeyID
    public let kind: KeyKind
    /// Whom a worker's key speaks for; nil for a monitoring key.
    public let node: NodeID?
    public let owner: UserID
    /// Of the node, or what the monitoring tool is called.
    public let name: String
    /// 32 bytes.
    public let publicKey: [UInt8]
    public let createdAt: Timestamp
    public let revokedAt: Timestamp?

    public init(
        id: KeyID, kind: KeyKind, node: NodeID?, owner: UserID, name: String, publicKey: [UInt8], createdAt: Timestamp,
        revokedAt: Timestamp?
    ) {
        self.id = id
        self.kind = kind
        self.node = node
        self.owner = owner
        self.name = name
        self.publicKey = publicKey
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }

    /// Bytes of a CURVE public key.
    public static let publicKeyBytes = 32
}

/// What a key is good for.
public enum KeyKind: String, Sendable, Codable, CaseIterable {
    /// All four endpoints.
    case worker
    /// The events endpoint alone.
    case monitor
}

public typealias KeyID = Identifier<NodeKey>
