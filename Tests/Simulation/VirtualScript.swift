import RunSurgeCore

/// A script of a few loops over numbers whose values depend on the job alone, so that its outcome is known beforehand.
///
/// It folds the values in order: a record that is missing, doubled or out of place shows.
struct VirtualScript: Sendable {
    /// What happens at a record when it is run in a chunk.
    enum Trait: Sendable, Equatable {
        case plain
        /// The script's own exception.
        case raises
        /// An assumption does not hold in a chunk; natively all is well.
        case failsGuard
        /// The process dies, but not when the driver runs it by itself.
        case crashes
        /// The whole agent dies with it.
        case killsAgent
        /// Bytes that it takes.
        case needs(Int64)
    }

    struct Loop: Sendable {
        let records: Int64
        let traits: [Int64: Trait]
        /// Of one record.
        let microseconds: Int64
    }

    let job: JobID
    let loops: [Loop]

    func value(_ loop: Int, _ record: Int64) -> UInt64 {
        SeededRandom.mixed(UInt64(job.rawValue) << 40 ^ UInt64(loop) << 32 ^ UInt64(record) &+ 0x51ed_2701)
    }

    static func fold(_ sum: UInt64, _ value: UInt64) -> UInt64 { (sum &* 0x1000_0000_01b3) ^ value }
    static let raised: UInt64 = 0xdead_beef

    /// What it comes to when one process runs it all.
    var expected: UInt64 {
        var sum: UInt64 = 1
        for (index, loop) in loops.enumerated() {
            for record in 0..<loop.records {
                if loop.traits[record] == .raises { return Self.fold(sum, Self.raised) }
                sum = Self.fold(sum, value(index, record))
            }
        }
        return sum
    }

    /// What a chunk process makes of a range, with so much memory; nil: it takes the agent along.
    func outcome(of range: Range<Int64>, chunk: Int64, loop: Int, memory: Int64) -> ChunkOutcome? {
        var effects: [UInt8] = []
        var status = OutcomeStatus.completed
        var peak: Int64 = 20 << 20
        var read = range
        scan: for record in range {
            switch loops[loop].traits[record] ?? .plain {
            case .plain: break
            case .raises: status = .raised
            case .failsGuard: status = .guardFailed
            case .crashes: status = .crashed
            case .killsAgent: return nil
            case .needs(let bytes):
                peak = max(peak, bytes)
                if bytes > memory {
                    status = .outOfMemory
                    peak = memory
                    read = record..<(record + 1)
                }
            }
            if status != .completed { break scan }
            withUnsafeBytes(of: value(loop, record).littleEndian) { effects.append(contentsOf: $0) }
        }
        let microseconds = loops[loop].microseconds * Int64(range.count)
        return ChunkOutcome(
            index: chunk, status: status, records: Int64(effects.count / 8), range: read, effects: .inline(effects),
            reason: "", variable: "", line: 0, wallMicroseconds: microseconds, cpuMicroseconds: microseconds,
            peakBytes: peak)
    }
}

extension ChunkOutcome {
    /// The values that a chunk of a `VirtualScript` has sent.
    var values: [UInt64] {
        guard case .inline(let bytes) = effects else { return [] }
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            var value: UInt64 = 0
            for byte in bytes[start..<(start + 8)].reversed() { value = value << 8 | UInt64(byte) }
            return value
        }
    }
}
