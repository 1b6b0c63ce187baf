/// Body of `POST /api/node/enroll-token`; every field may be left out.
public struct EnrolmentTokenRequest: Sendable, Codable {
    /// nil: for a worker.
    public let kind: KeyKind?
    /// Seconds that the token can be used for, 10 to 2,592,000; nil: 3,600.
    public let lifetime: Int?

    public init(kind: KeyKind?, lifetime: Int?) {
        self.kind = kind
        self.lifetime = lifetime
    }

    private enum CodingKeys: String, CodingKey {
        case kind
        case lifetime = "lifetime_seconds"
    }
}

/// A token to enrol one machine or monitoring tool with. It is shown once.
public struct EnrolmentTokenView: Sendable, Codable {
    public let token: String
    public let kind: KeyKind
    public let expiresAt: String

    public init(token: String, kind: KeyKind, expiresAt: Timestamp) {
        self.token = token
        self.kind = kind
        self.expiresAt = expiresAt.iso8601
    }

    private enum CodingKeys: String, CodingKey {
        case token, kind
        case expiresAt = "expires_at"
    }
}

/// Body of `POST /api/node/enroll`.
public struct EnrolmentRequest: Sendable, Codable {
    public let token: String
    /// The 64 hexadecimal digits of a CURVE public key; its secret stays where it was made.
    public let publicKey: String
    /// Shown to users.
    public let name: String

    public init(token: String, publicKey: [UInt8], name: String) {
        self.token = token
        self.publicKey = HexCoding.encode(publicKey)
        self.name = name
    }

    private enum CodingKeys: String, CodingKey {
        case token, name
        case publicKey = "public_key"
    }
}

/// Where a master listens for workers and monitoring tools, as ZeroMQ endpoints; `*` as the host stands for the one
/// that the REST facade was reached by.
public struct LinkEndpoints: Sendable, Codable, Hashable {
    public let work: String
    public let results: String
    public let heartbeats: String
    public let events: String

    public init(work: String, results: String, heartbeats: String, events: String) {
        self.work = work
        self.results = results
        self.heartbeats = heartbeats
        self.events = events
    }
}

/// Answer to `POST /api/node/enroll`.
public struct EnrolmentView: Sendable, Codable {
    public let key: KeyView
    /// CURVE public keys of the masters, hexadecimal, one of which answers at the endpoints.
    public let serverKeys: [String]
    public let endpoints: LinkEndpoints

    public init(key: KeyView, serverKeys: [[UInt8]], endpoints: LinkEndpoints) {
        self.key = key
        self.serverKeys = serverKeys.map { HexCoding.encode($0) }
        self.endpoints = endpoints
    }

    private enum CodingKeys: String, CodingKey {
        case key, endpoints
        case serverKeys = "server_keys"
    }
}

/// A key as its owner sees it.
public struct KeyView: Sendable, Codable, Equatable {
    public let keyID: KeyID
    public let kind: KeyKind
    /// nil for a monitoring key.
    public let nodeID: NodeID?
    public let name: String
    public let publicKey: String
    public let createdAt: String
    public let revokedAt: String?

    public init(_ key: NodeKey) {
        keyID = key.id
        kind = key.kind
        nodeID = key.node
        name = key.name
        publicKey = HexCoding.encode(key.publicKey)
        createdAt = key.createdAt.iso8601
        revokedAt = key.revokedAt?.iso8601
    }

    private enum CodingKeys: String, CodingKey {
        case kind, name
        case keyID = "key_id"
        case nodeID = "node_id"
        case publicKey = "public_key"
        case createdAt = "created_at"
        case revokedAt = "revoked_at"
    }
}

/// Answer to `GET /api/node/keys`.
public struct KeyListView: Sendable, Codable {
    public let keys: [KeyView]

    public init(keys: [KeyView]) { self.keys = keys }
}
