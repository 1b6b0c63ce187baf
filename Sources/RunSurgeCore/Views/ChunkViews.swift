/// A chunk that has its result.
public struct ChunkView: Sendable, Codable, Equatable {
    public enum Status: String, Sendable, Codable, CaseIterable {
        case completed
        case guardFailed = "guard_failed"
        case raised
    }

    public let regionID: RegionID
    /// From 0, in its region.
    public let chunkIndex: Int64
    public let nodeID: NodeID?
    public let status: Status
    /// Why it is not completed.
    public let reason: String?
    public let records: Int64
    public let activeSeconds: Double
    public let processorSeconds: Double
    public let peakMemoryBytes: Int64

    public init(_ chunk: ChunkSummary) {
        regionID = chunk.position.region
        chunkIndex = chunk.position.index
        nodeID = chunk.node
        status =
            switch chunk.status {
            case .completed: .completed
            case .raised: .raised
            // The others are no results.
            case .guardFailed, .outOfMemory, .crashed, .fault: .guardFailed
            }
        reason = chunk.reason
        records = chunk.records
        activeSeconds = Double(chunk.wallMicroseconds) / 1_000_000
        processorSeconds = Double(chunk.cpuMicroseconds) / 1_000_000
        peakMemoryBytes = chunk.peakBytes
    }

    private enum CodingKeys: String, CodingKey {
        case regionID = "region_id"
        case chunkIndex = "chunk_index"
        case nodeID = "node_id"
        case status, reason, records
        case activeSeconds = "active_seconds"
        case processorSeconds = "processor_seconds"
        case peakMemoryBytes = "peak_memory_bytes"
    }
}

/// One page of a job's chunks, the last ones of its last region first.
public struct ChunkListView: Sendable, Codable {
    public let jobID: JobID
    public let chunks: [ChunkView]
    /// `cursor` of the next page; nil on the last.
    public let nextCursor: String?

    public init(jobID: JobID, chunks: [ChunkView], nextCursor: String?) {
        self.jobID = jobID
        self.chunks = chunks
        self.nextCursor = nextCursor
    }

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case chunks
        case nextCursor = "next_cursor"
    }
}
