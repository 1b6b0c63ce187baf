/// A piece of a file that comes in several requests, already stored as a blob.
public struct UploadPiece: Sendable, Equatable {
    /// From 0.
    public let index: Int
    /// Of the whole file: 1 ... `Limits.uploadPieces`; the same with every piece.
    public let total: Int
    public let blob: BlobReference
    /// As the uploader calls the whole file. Of several, the first counts.
    public let fileName: String
    /// Bytes that the job's worker must have; nil: any will do. Of several, the last counts.
    public let requiredMemory: Int64?

    public init(index: Int, total: Int, blob: BlobReference, fileName: String, requiredMemory: Int64? = nil) {
        self.index = index
        self.total = total
        self.blob = blob
        self.fileName = fileName
        self.requiredMemory = requiredMemory
    }
}
