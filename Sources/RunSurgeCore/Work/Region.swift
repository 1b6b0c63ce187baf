/// The remainder of a loop that a driver handed over, split into `chunkCount` contiguous ranges of its source.
public struct Region: Sendable, Equatable {
    public let id: RegionID
    public let job: JobID
    /// Syntax node of the loop.
    public let node: Int64
    public let line: Int64
    /// How often the driver had entered the loop before.
    public let entry: Int64
    /// SHA-256 of the source slice, the environment and the modes: equal digests give equal results.
    public let digest: [UInt8]
    public let sourceJSON: [UInt8]
    public let modesJSON: [UInt8]
    public let environment: Payload
    public let blobs: [BlobReference]
    public let ranges: ChunkRanges
    public let prefixRecords: Int64
    /// Bytes of resident memory expected of the process that runs the largest chunk.
    public let predictedPeak: Int64

    public init(
        id: RegionID, job: JobID, node: Int64, line: Int64, entry: Int64, digest: [UInt8], sourceJSON: [UInt8],
        modesJSON: [UInt8], environment: Payload, blobs: [BlobReference], ranges: ChunkRanges, prefixRecords: Int64,
        predictedPeak: Int64
    ) {
        self.id = id
        self.job = job
        self.node = node
        self.line = line
        self.entry = entry
        self.digest = digest
        self.sourceJSON = sourceJSON
        self.modesJSON = modesJSON
        self.environment = environment
        self.blobs = blobs
        self.ranges = ranges
        self.prefixRecords = prefixRecords
        self.predictedPeak = predictedPeak
    }
}

/// Bytes that travel in a message when they are few, as a blob when they are many.
public enum Payload: Sendable, Hashable {
    case inline([UInt8])
    case blob(BlobReference)
}
