/// How one attempt at a unit of work ended. The raw values are those of the protocol and of the database.
public enum OutcomeStatus: Int16, Sendable, Codable {
    case completed = 1
    /// The chunk met something that the analysis had assumed away; nothing is wrong with the script.
    case guardFailed = 2
    /// The script's own exception.
    case raised = 3
    case outOfMemory = 4
    /// The process died.
    case crashed = 5
    /// RunSurge's own failure.
    case fault = 6

    /// Whether the attempt says something final about the chunk, so that it is stored as its result.
    public var isConclusive: Bool {
        switch self {
        case .completed, .guardFailed, .raised: true
        case .outOfMemory, .crashed, .fault: false
        }
    }
}

/// What an attempt at a chunk reported.
public struct ChunkOutcome: Sendable, Equatable {
    public let index: Int64
    public let status: OutcomeStatus
    public let records: Int64
    /// What was really read, in the source's unit.
    public let range: Range<Int64>
    public let effects: Payload
    public let reason: String
    public let variable: String
    public let line: Int64
    public let wallMicroseconds: Int64
    public let cpuMicroseconds: Int64
    /// Resident bytes of the process.
    public let peakBytes: Int64
    /// Pieces that it was run in for lack of memory; 1: whole.
    public let parts: Int64
    /// Resident bytes of the process over its time, as its agent measured them; 0: not measured, the peak counts.
    public let averageBytes: Int64

    public init(
        index: Int64, status: OutcomeStatus, records: Int64, range: Range<Int64>, effects: Payload, reason: String,
        variable: String, line: Int64, wallMicroseconds: Int64, cpuMicroseconds: Int64, peakBytes: Int64,
        parts: Int64 = 1, averageBytes: Int64 = 0
    ) {
        self.index = index
        self.status = status
        self.records = records
        self.range = range
        self.effects = effects
        self.reason = reason
        self.variable = variable
        self.line = line
        self.wallMicroseconds = wallMicroseconds
        self.cpuMicroseconds = cpuMicroseconds
        self.peakBytes = peakBytes
        self.parts = parts
        self.averageBytes = averageBytes
    }

    /// What is charged for, in KiB × microseconds.
    public var memoryTime: Int64 {
        Tariff.memoryTime(bytes: averageBytes > 0 ? averageBytes : peakBytes, microseconds: wallMicroseconds)
    }
}
