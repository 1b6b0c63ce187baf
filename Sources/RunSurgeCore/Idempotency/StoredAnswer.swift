/// An answer that is given again when its request is repeated. It is kept in the clear: no secret belongs in it.
public struct StoredAnswer: Sendable, Equatable {
    /// An HTTP status, 200 ... 299: what is refused has no effect, and may be tried again.
    public let status: Int
    /// JSON, at most `Limits.storedAnswerBytes`.
    public let body: [UInt8]

    /// - Precondition: `status` is 200 ... 299.
    public init(status: Int, body: [UInt8]) {
        precondition((200...299).contains(status), "only a success is stored")
        self.status = status
        self.body = body
    }
}
