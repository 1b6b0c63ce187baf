import RunSurgeCore
import RunSurgeScheduling

/// A script's own process: where it is, and what it has under way.
final class DriverRun {
    enum Phase: Equatable {
        case computing
        /// It has asked for a region, or waits for results.
        case waiting
        /// It goes on when it is granted a slot.
        case wanting
        case over
    }

    struct OpenRegion {
        let chunks: Int64
        var committed: Int64
    }

    let key: WorkKey
    let script: VirtualScript
    /// Records that earlier attempts ran natively before they handed over, by loop.
    let prefixes: [Int64: Int64]
    var phase = Phase.computing
    var loop = 0
    var record: Int64 = 0
    var sum: UInt64 = 1
    var hasRaised = false
    /// The rest of this loop is run natively.
    var isNative = false
    var requests: [UInt64: RegionOffer] = [:]
    var lastRequest: UInt64 = 0
    var regions: [RegionID: OpenRegion] = [:]
    var lastRepeat: Int64
    var isUnwanted = false
    var step = 0

    init(key: WorkKey, script: VirtualScript, resume: [ResumePoint], now: Int64) {
        self.key = key
        self.script = script
        prefixes = Dictionary(resume.map { ($0.node, $0.prefixRecords) }) { first, _ in first }
        lastRepeat = now
    }
}
