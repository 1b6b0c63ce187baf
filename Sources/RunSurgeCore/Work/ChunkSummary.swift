/// A chunk that has its result, as its job's owner sees it.
public struct ChunkSummary: Sendable, Equatable {
    public let position: ChunkPosition
    /// nil: unknown.
    public let node: NodeID?
    public let status: OutcomeStatus
    /// Why it is not completed.
    public let reason: String?
    public let records: Int64
    public let wallMicroseconds: Int64
    public let cpuMicroseconds: Int64
    /// Resident bytes of the process.
    public let peakBytes: Int64

    public init(
        position: ChunkPosition, node: NodeID?, status: OutcomeStatus, reason: String?, records: Int64,
        wallMicroseconds: Int64, cpuMicroseconds: Int64, peakBytes: Int64
    ) {
        self.position = position
        self.node = node
        self.status = status
        self.reason = reason
        self.records = records
        self.wallMicroseconds = wallMicroseconds
        self.cpuMicroseconds = cpuMicroseconds
        self.peakBytes = peakBytes
    }
}

/// Where a chunk stands among all of its job, as one number.
public struct ChunkPosition: Sendable, Hashable {
    /// More than `Limits.chunksPerRegion`.
    private static let span: Int64 = 1 << 24

    public let region: RegionID
    /// 0 ..< `Limits.chunksPerRegion`
    public let index: Int64

    public init(region: RegionID, index: Int64) {
        self.region = region
        self.index = index
    }

    public init(number: Int64) {
        self.init(region: RegionID(number / Self.span), index: number % Self.span)
    }

    /// Rises with the region's identifier, which would have to pass 2^39 to be too large, and within it with the index.
    public var number: Int64 { region.rawValue * Self.span + index }
}
