/// A client's name for one request. The same key for another request is a conflict.
public struct IdempotencyKey: Sendable, Hashable {
    public let owner: UserID
    /// As the client chose it: 1 ... `Limits.idempotencyKeyBytes` bytes.
    public let key: String
    /// Method and path, such as `POST /api/job/`.
    public let operation: String
    /// SHA-256 of what the request says: 32 bytes.
    public let digest: [UInt8]

    /// - Precondition: `key` and `digest` are as long as they may be, which the facade has checked.
    public init(owner: UserID, key: String, operation: String, digest: [UInt8]) {
        precondition((1...Limits.idempotencyKeyBytes).contains(key.utf8.count), "an idempotency key's length")
        precondition(digest.count == 32, "a digest is a SHA-256")
        self.owner = owner
        self.key = key
        self.operation = operation
        self.digest = digest
    }
}
