internal import RunSurgeCore

/// A frame of outcomes for a driver: by columns where all were completed, which nearly all are.
struct RegionResultsFrame {
    private static let most = 1_000

    private let region: RegionID
    private var outcomes: [ChunkOutcome] = []
    private var sizes: [Int64] = []
    private(set) var body: [UInt8] = []

    init(region: RegionID) { self.region = region }

    /// Whether an outcome may go along with those before it.
    func takes(_ outcome: ChunkOutcome) -> Bool {
        guard let last = outcomes.last else { return true }
        return outcomes.count < Self.most && (last.status == .completed) == (outcome.status == .completed)
            && outcome.index == last.index + 1
    }

    mutating func append(_ outcome: ChunkOutcome, _ effects: [UInt8]) {
        outcomes.append(outcome)
        sizes.append(Int64(effects.count))
        body += effects
    }

    var frame: Frame {
        func column(_ value: (ChunkOutcome) -> Int64) -> JSONValue { .array(outcomes.map { .integer(value($0)) }) }
        var head: [String: JSONValue] = ["t": .string("results"), "region": .integer(region.rawValue)]
        if let first = outcomes.first, first.status == .completed {
            head["index"] = .integer(first.index)
            head["last"] = column(\.range.upperBound)
            head["records"] = column(\.records)
            head["cpu_us"] = column(\.cpuMicroseconds)
            head["sizes"] = .array(sizes.map(JSONValue.integer))
        } else {
            head["outcomes"] = .array(zip(outcomes, sizes).map { $0.json(effectBytes: $1) })
        }
        return Frame(head, body: body)
    }
}

extension ChunkOutcome {
    fileprivate func json(effectBytes: Int64) -> JSONValue {
        .object([
            "index": .integer(index), "status": .integer(Int64(status.rawValue)), "records": .integer(records),
            "first": .integer(range.lowerBound), "last": .integer(range.upperBound), "reason": .string(reason),
            "variable": .string(variable), "line": .integer(line), "peak_bytes": .integer(peakBytes),
            "cpu_us": .integer(cpuMicroseconds), "size": .integer(effectBytes),
        ])
    }
}
