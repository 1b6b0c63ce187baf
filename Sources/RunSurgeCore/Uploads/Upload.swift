/// How far the file of a job has come.
public struct Upload: Sendable, Equatable {
    public let job: JobID
    public let owner: UserID
    public let fileName: String
    /// Pieces.
    public let received: Int
    public let total: Int
    /// Of the pieces so far.
    public let bytes: Int64
    public let requiredMemory: Int64?
    /// Whether the job was given its file, or has ended without: the pieces are of no use any more.
    public let isFinished: Bool

    public init(
        job: JobID, owner: UserID, fileName: String, received: Int, total: Int, bytes: Int64, requiredMemory: Int64?,
        isFinished: Bool
    ) {
        self.job = job
        self.owner = owner
        self.fileName = fileName
        self.received = received
        self.total = total
        self.bytes = bytes
        self.requiredMemory = requiredMemory
        self.isFinished = isFinished
    }

    /// Whether all pieces have come.
    public var isComplete: Bool { received == total }
}
