internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling

/// A script's own process and what it has under way. Belongs to the agent's actor.
final class DriverRun {
    /// A region that was handed over, and how far its results have been passed on.
    struct OpenRegion {
        var progress: WireRegionProgress
        /// The next chunk whose effects the driver expects.
        var next: Int64
    }

    let key: WorkKey
    let memory: Int64
    let work: WireDriverWork
    let startedAt: MonotonicTime
    var python: PythonProcess?
    var isUnwanted = false
    /// Why it runs the rest of a loop by itself, as far as that is all it has done since.
    var fallback = ""
    /// A reason of ours to end it: a bound was met, its pipe was misused.
    var fault: String?
    /// What the script wrote meanwhile may have been refused, which is not the script's doing.
    var hasSeenFullDisk = false
    var requests: [UInt64: WireRegionRequest] = [:]
    var regions: [RegionID: OpenRegion] = [:]
    var lastResend: MonotonicTime
    var uploads: [String: BlobUpload] = [:]
    var uploadCount = 0
    /// What must happen in the order of its arrival.
    var chain: Task<Void, Never>?
    var logs: [RunSurgeCore.LogStream: LogShipment] = [.standardOutput: LogShipment(), .standardError: LogShipment()]
    var regionsJSON: [UInt8] = Array("[]".utf8)
    var missingInputs: [String] = []
    var peakBytes: Int64 = 0
    var cpuMicroseconds: Int64 = 0
    var residence = Residence()
    var end: ProcessEnd?
    var framesHaveEnded = false
    var completion: CheckedContinuation<Void, Never>?

    init(key: WorkKey, memory: Int64, work: WireDriverWork, now: MonotonicTime) {
        self.key = key
        self.memory = memory
        self.work = work
        startedAt = now
        lastResend = now
    }

    var hasEnded: Bool { end != nil && framesHaveEnded }
}

/// What a process was seen to hold, now and then.
struct Residence: Equatable {
    private var sum: Int64 = 0
    private var samples: Int64 = 0

    mutating func add(_ bytes: Int64) {
        guard bytes > 0 else { return }
        sum = sum.adding(bytes)
        samples += 1
    }

    /// Bytes; nil: it was never looked at.
    var average: Int64? { samples == 0 ? nil : sum / samples }
}

/// How far a stream has travelled to the master.
struct LogShipment {
    /// Bytes that may be on their way at once.
    static let window: Int64 = 2 << 20
    static let pieceBytes: Int64 = 256 << 10

    var sent: Int64 = 0
    var acknowledged: Int64 = 0
    var isReading = false
    var lastMove = BootClock.now

    /// The next piece to send of a stream of `written` bytes.
    func next(written: Int64) -> Range<Int64>? {
        let end = min(written, Limits.logStreamBytes, acknowledged + Self.window, sent + Self.pieceBytes)
        return end > sent ? sent..<end : nil
    }
}

/// A blob that a driver sends in pieces.
struct BlobUpload {
    let path: String
    var size: Int64 = 0
}
