public import RunSurgeCore

/// Keys of the links.
extension RunSurgeClient {
    /// A token that enrols one machine or monitoring tool; it can't be shown again.
    /// - Parameter lifetime: seconds; nil: an hour.
    public func makeEnrolmentToken(kind: KeyKind, lifetime: Int? = nil) async throws -> EnrolmentTokenView {
        try await transport.json(
            .json(.POST, "/api/node/enroll-token", EnrolmentTokenRequest(kind: kind, lifetime: lifetime)))
    }

    /// Spends a token on a public key; needs no login. The same request may be repeated.
    public func enrol(token: String, publicKey: [UInt8], name: String) async throws -> EnrolmentView {
        var call = try Transport.Call.json(
            .POST, "/api/node/enroll", EnrolmentRequest(token: token, publicKey: publicKey, name: name))
        call.isAuthorized = false
        call.isIdempotent = true
        return try await transport.json(call)
    }

    /// The caller's, newest first.
    public func keys() async throws -> [KeyView] {
        let list: KeyListView = try await transport.json(Transport.Call(.GET, "/api/node/keys"))
        return list.keys
    }

    /// Ends what the node's key is good for, also on connections that are open.
    public func revokeKey(of node: NodeID) async throws -> KeyView {
        try await transport.json(Transport.Call(.DELETE, "/api/node/\(node)/key"))
    }

    public func revoke(_ key: KeyID) async throws -> KeyView {
        try await transport.json(Transport.Call(.DELETE, "/api/node/keys/\(key)"))
    }
}
