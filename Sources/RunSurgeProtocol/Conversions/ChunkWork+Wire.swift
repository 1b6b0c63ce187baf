extension WireChunkWork {
    /// The work of consecutive chunks.
    /// - Parameter ranges: at least one; each begins where the one before ends.
    public init(_ ranges: [Range<Int64>]) {
        self.init()
        firstUnit = ranges.first?.lowerBound ?? 0
        lastUnit = ranges.last?.upperBound ?? 0
        guard ranges.count > 1 else { return }
        let length = ranges[0].upperBound - ranges[0].lowerBound
        let isEven = ranges.dropLast().allSatisfy { $0.upperBound - $0.lowerBound == length }
        if isEven, length > 0, (ranges.last.map { $0.upperBound - $0.lowerBound } ?? 0) <= length {
            step = length
        } else {
            cuts = ranges.dropFirst().map(\.lowerBound)
        }
    }

    /// The units of each of `count` chunks.
    /// - Throws: `ProtocolError.invalidField`
    public func ranges(count: Int64) throws(ProtocolError) -> [Range<Int64>] {
        func invalid(_ field: String) -> ProtocolError { .invalidField(message: "ChunkWork", field: field) }
        guard firstUnit <= lastUnit else { throw invalid("last_unit") }
        guard count > 1 else { return [firstUnit..<lastUnit] }
        var boundaries = cuts
        if cuts.isEmpty {
            let (length, overflow) = step.multipliedReportingOverflow(by: count - 1)
            guard step > 0, !overflow, firstUnit >= 0, length <= lastUnit - firstUnit else { throw invalid("step") }
            boundaries = (1..<count).map { firstUnit + $0 * step }
        }
        guard boundaries.count == count - 1 else { throw invalid("cuts") }
        let all = [firstUnit] + boundaries + [lastUnit]
        guard zip(all, all.dropFirst()).allSatisfy({ $0 <= $1 }) else { throw invalid("cuts") }
        return zip(all, all.dropFirst()).map { $0..<$1 }
    }
}
