internal import RunSurgeCore

/// A chunk whose process has run out of memory, or was about to: which pieces of it are done, and how it goes on.
///
/// Pieces are run one after the other, each from the unit behind the one before. When a process is killed, the records
/// that it got over go first, the one that it was at goes alone, in a process that has done nothing else.
struct ChunkPieces {
    /// How far a process had come when it ended.
    struct Progress: Equatable {
        /// Records of the piece at hand that its body had been given, and those of them that it was surely done with.
        let given: Int64
        let passed: Int64
    }

    /// Says why there will be no more.
    enum Verdict: Equatable {
        case again
        case failed(reason: String, range: Range<Int64>)
    }

    let range: Range<Int64>
    /// The range's units are records.
    let countsRecords: Bool
    private(set) var effects: [UInt8] = [UInt8(ascii: "s")]
    private(set) var count = 0
    private(set) var position: Int64
    private var first: Int64?
    /// Of the pieces that are done.
    private(set) var records: Int64 = 0
    private var wallMicroseconds: Int64 = 0
    private var cpuMicroseconds: Int64 = 0
    private(set) var peakBytes: Int64 = 0
    /// Records of the next pieces, and of all after them; nil: as many as there is memory for.
    private(set) var sizes: [Int64] = []
    private(set) var most: Int64?
    /// Something has ended a process: from now on it shows at which record.
    private(set) var isExact = false
    private var restarts = 0
    /// The process at hand has done a piece.
    private var isUsed = false
    /// Where the record is that runs alone.
    private var suspect: Range<Int64>?

    init(range: Range<Int64>, countsRecords: Bool) {
        self.range = range
        self.countsRecords = countsRecords
        position = range.lowerBound
    }

    private var current: Int64? { sizes.first ?? most }

    /// What a process has to be told besides the region and the chunk's number.
    var command: [String: JSONValue] {
        var command: [String: JSONValue] = ["first": .integer(position), "last": .integer(range.upperBound)]
        if isExact {
            command["sizes"] = .array(sizes.map(JSONValue.integer))
            command["most"] = most.map(JSONValue.integer) ?? .null
        }
        return command
    }

    // MARK: What a process says

    /// A piece that is not the last.
    mutating func add(_ piece: ChunkOutcome, _ data: [UInt8]) {
        append(piece, data)
        position = min(max(position, piece.range.upperBound), range.upperBound)
        if !sizes.isEmpty { sizes.removeFirst() }
        isUsed = true
        suspect = nil
    }

    mutating func suspect(_ record: Range<Int64>) { suspect = record }

    private mutating func append(_ piece: ChunkOutcome, _ data: [UInt8]) {
        first = first ?? piece.range.lowerBound
        count += 1
        records += piece.records
        note(piece)
        withUnsafeBytes(of: UInt32(data.count).littleEndian) { effects.append(contentsOf: $0) }
        withUnsafeBytes(of: piece.range.upperBound.littleEndian) { effects.append(contentsOf: $0) }
        withUnsafeBytes(of: piece.records.littleEndian) { effects.append(contentsOf: $0) }
        effects.append(contentsOf: data)
    }

    private mutating func note(_ piece: ChunkOutcome) {
        wallMicroseconds += piece.wallMicroseconds
        cpuMicroseconds += piece.cpuMicroseconds
        peakBytes = max(peakBytes, piece.peakBytes)
    }

    /// Too much to go on with.
    var isOverLimit: Bool { count >= Limits.chunkPieces || effects.count > Limits.chunkEffectBytes }

    /// The outcome of the whole chunk, given that of its last piece.
    mutating func joined(with last: ChunkOutcome, _ data: [UInt8]) -> ChunkOutcome {
        guard last.status == .completed else {
            // What its first pieces did would have to be put in place before it can go on natively: it starts over.
            note(last)
            return outcome(last.status, range: range, effects: [], like: last)
        }
        append(last, data)
        return outcome(
            .completed, range: (first ?? range.lowerBound)..<last.range.upperBound, effects: effects, like: last)
    }

    private func outcome(
        _ status: OutcomeStatus, range: Range<Int64>, effects: [UInt8], like last: ChunkOutcome
    ) -> ChunkOutcome {
        ChunkOutcome(
            index: last.index, status: status, records: status == .completed ? records : 0, range: range,
            effects: .inline(effects), reason: last.reason, variable: last.variable, line: last.line,
            wallMicroseconds: wallMicroseconds, cpuMicroseconds: cpuMicroseconds, peakBytes: peakBytes,
            parts: Int64(max(1, count)))
    }

    // MARK: The end of a process

    /// Its process has gone for a fresh one, of its own will.
    mutating func moved() -> Verdict {
        isUsed = false
        return restarted()
    }

    /// Its process has used up its memory. `progress`: nil when that can't be known.
    mutating func ranOut(_ progress: Progress?, limit: Int64, peak: Int64) -> Verdict {
        peakBytes = max(peakBytes, peak, limit)
        let wasUsed = isUsed
        isUsed = false
        if current == 1 {
            guard wasUsed else { return .failed(reason: tooLarge(limit: limit), range: suspect ?? rest) }
            sizes = [1]
        } else {
            let given = progress?.given ?? 0
            if let current, given >= current {
                // All were run: what they left is too large to be written down.
                divide(current)
            } else if given == 0 {
                divide(current ?? (countsRecords ? Int64(rest.count) : Self.fewLines))
            } else {
                let passed = min(max(0, progress?.passed ?? 0), given - 1)
                // Between the two numbers only a closer look tells which it was.
                sizes = given - passed > 1 ? (passed > 0 ? [passed] : []) : passed > 0 ? [passed, 1] : [1]
            }
        }
        isExact = true
        return restarted()
    }

    /// Of a file's lines, how many are tried when not even a few could be read.
    private static let fewLines: Int64 = 4

    private var rest: Range<Int64> { position..<max(position, range.upperBound) }

    private mutating func divide(_ size: Int64) {
        sizes = []
        most = max(1, size / 2)
    }

    private mutating func restarted() -> Verdict {
        restarts += 1
        guard restarts <= Limits.chunkRestarts, !isOverLimit else {
            return .failed(
                reason: "\(restarts) processes have run out of memory over it, \(count) pieces are done", range: rest)
        }
        return .again
    }

    private func tooLarge(limit: Int64) -> String {
        "one record alone needs more than \(limit) bytes of memory: its process had \(peakBytes) when it was stopped"
    }
}
