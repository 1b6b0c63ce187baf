/// What a collection of unused blobs has removed.
public struct BlobCollection: Sendable, Equatable {
    public internal(set) var count: Int
    public internal(set) var bytes: Int64

    public init(count: Int = 0, bytes: Int64 = 0) {
        self.count = count
        self.bytes = bytes
    }
}
