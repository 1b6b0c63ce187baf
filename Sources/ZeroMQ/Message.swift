/// The bytes of one frame.
public typealias Frame = [UInt8]

/// One received multipart message; a ROUTER's begins with the routing id of the peer.
public struct Message: Sendable, Hashable {
    public var frames: [Frame]
    /// The User-Id that the ZAP handler gave to the connection, when `SocketConfiguration.readsUserID` is set.
    public var userID: String?

    public init(_ frames: [Frame], userID: String? = nil) {
        self.frames = frames
        self.userID = userID
    }

    /// The sum of the frames' sizes, in bytes.
    public var byteCount: Int { frames.byteCount }
}

extension [Frame] {
    /// The sum of the frames' sizes, in bytes.
    var byteCount: Int { reduce(0) { $0 + $1.count } }
}
