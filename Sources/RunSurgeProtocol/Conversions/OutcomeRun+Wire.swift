internal import Foundation
public import RunSurgeCore

extension ChunkOutcome {
    /// Whether it fits the columns of a run.
    public var isPlain: Bool {
        guard case .inline = effects else { return false }
        return status == .completed && reason.isEmpty && variable.isEmpty && line == 0 && parts == 1
    }
}

extension WireOutcomeRun {
    /// A run of one. The outcome must be plain.
    public init(_ outcome: ChunkOutcome) {
        self.init()
        firstChunk = outcome.index
        units = [outcome.range.lowerBound]
        append(outcome)
    }

    public var count: Int64 { Int64(records.count) }

    /// Whether a plain outcome is that of the next chunk, and was read where the last one ended.
    public func isContinued(by outcome: ChunkOutcome) -> Bool {
        outcome.index == firstChunk + count && outcome.range.lowerBound == units[units.count - 1]
    }

    public mutating func append(_ outcome: ChunkOutcome) {
        guard case .inline(let bytes) = outcome.effects else { preconditionFailure("a blob in a run of outcomes") }
        units.append(outcome.range.upperBound)
        records.append(outcome.records)
        wallMicroseconds.append(outcome.wallMicroseconds)
        cpuMicroseconds.append(outcome.cpuMicroseconds)
        peakBytes.append(outcome.peakBytes)
        effectSizes.append(Int64(bytes.count))
        effects.append(contentsOf: bytes)
    }

    /// - Throws: `ProtocolError.invalidField`
    public var outcomes: [ChunkOutcome] {
        get throws(ProtocolError) {
            try check()
            let all = [UInt8](effects)
            var found: [ChunkOutcome] = []
            found.reserveCapacity(records.count)
            var start = 0
            for index in records.indices {
                let end = start + Int(effectSizes[index])
                found.append(
                    ChunkOutcome(
                        index: firstChunk + Int64(index), status: .completed, records: records[index],
                        range: units[index]..<units[index + 1], effects: .inline(Array(all[start..<end])), reason: "",
                        variable: "", line: 0, wallMicroseconds: max(0, wallMicroseconds[index]),
                        cpuMicroseconds: max(0, cpuMicroseconds[index]), peakBytes: max(0, peakBytes[index])))
                start = end
            }
            return found
        }
    }

    private func check() throws(ProtocolError) {
        func invalid(_ field: String) -> ProtocolError { .invalidField(message: "OutcomeRun", field: field) }
        let count = records.count
        guard count > 0, records.allSatisfy({ $0 >= 0 }) else { throw invalid("records") }
        guard firstChunk >= 0, firstChunk <= .max - Int64(count) else { throw invalid("first_chunk") }
        guard units.count == count + 1, zip(units, units.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw invalid("units")
        }
        guard wallMicroseconds.count == count, cpuMicroseconds.count == count, peakBytes.count == count else {
            throw invalid("wall_microseconds")
        }
        guard effectSizes.count == count, effectSizes.allSatisfy({ $0 >= 0 && $0 <= Limits.frameBytes }),
            effectSizes.reduce(0, +) == effects.count
        else { throw invalid("effect_sizes") }
    }
}

/// Outcomes in order, as runs where they are plain.
public struct OutcomeRuns {
    public private(set) var runs: [WireOutcomeRun] = []
    public private(set) var others: [WireChunkOutcome] = []

    public init(_ outcomes: some Sequence<ChunkOutcome>) {
        for outcome in outcomes {
            if !outcome.isPlain {
                others.append(outcome.wire)
            } else if runs.last?.isContinued(by: outcome) == true {
                runs[runs.count - 1].append(outcome)
            } else {
                runs.append(WireOutcomeRun(outcome))
            }
        }
    }
}

extension WireRegionResults {
    /// All of them, in the order of their chunks.
    public var allOutcomes: [ChunkOutcome] {
        get throws(ProtocolError) {
            var found: [ChunkOutcome] = []
            for run in runs { found += try run.outcomes }
            for outcome in outcomes { found.append(try ChunkOutcome(wire: outcome)) }
            if runs.count + outcomes.count > 1 { found.sort { $0.index < $1.index } }
            return found
        }
    }
}
