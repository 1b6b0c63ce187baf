/// Keys of the links: who is let in, and how one gets in.
public protocol EnrolmentStore: Sendable {
    /// Stores a single-use token by its hash.
    /// - Throws: `StoreError.conflict` naming `token` when the owner has `Limits.enrolmentTokens` unused ones.
    func addEnrolmentToken(hash: [UInt8], kind: KeyKind, owner: UserID, expires: Timestamp) async throws
    /// Spends a token on a key, in one step: of two that come with the same token one wins. The same key again gets the
    /// same answer. A worker becomes a node of the token's owner: the one of this name when no valid key speaks for
    /// it, else a new one with a number after the name.
    /// - Returns: nil when the token is unknown, spent or expired.
    /// - Throws: `StoreError.conflict` naming `public_key` when the key is known already.
    func enrol(tokenHash: [UInt8], publicKey: [UInt8], name: String, address: String) async throws -> NodeKey?
    /// Makes a node known that is not attached yet: a machine that is enrolled by this name becomes it. The one of this
    /// name when there is one already.
    /// - Throws: `StoreError.conflict` naming `node` when the owner has `Limits.announcedNodes` that nothing was ever
    ///   enrolled for.
    func announceNode(name: String, owner: UserID) async throws -> Node
    /// Newest first, the revoked ones included.
    func keys(owner: UserID, limit: Int) async throws -> [NodeKey]
    /// Durable when it returns; the links notice by `waitForKeyChange`.
    /// - Returns: the key, which may have been revoked before; nil when the owner has no such one.
    func revoke(_ target: RevocationTarget, owner: UserID) async throws -> NodeKey?

    /// All keys that are valid now.
    func validKeys() async throws -> [NodeKey]
    /// Wakes when a key was added or revoked; may wake without reason, and never later than `within`.
    func waitForKeyChange(within: Duration) async throws

    /// Makes a master's public keys known, and those that it will not use again forgotten; wakes as a change of keys.
    func announceServerKeys(current: [UInt8], next: [UInt8], retired: [[UInt8]]) async throws
    /// Public keys of all masters on this database, those in use before those that will be, the newest first; 32 bytes
    /// each.
    func serverKeys() async throws -> [[UInt8]]
}

/// Which key is to be revoked.
public enum RevocationTarget: Sendable, Equatable {
    case key(KeyID)
    /// The newest key of a node.
    case node(NodeID)
}
