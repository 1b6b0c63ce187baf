public import RunSurgeCore

/// Cost and memory of a region's remainder → the boundaries of its chunks. Pure.
public enum ChunkPlanner {
    /// What the driver measured and demands.
    public struct Demand: Sendable {
        /// In the source's unit.
        public var units: Range<Int64>
        /// When not empty: the exact boundaries, the first and last of `units` included.
        public var cuts: [Int64]
        public var secondsPerUnit: Double
        /// Resident memory that a chunk's process gains a unit.
        public var bytesPerUnit: Double
        /// Bytes of the pickled environment.
        public var environmentBytes: Int64

        public init(
            units: Range<Int64>, cuts: [Int64] = [], secondsPerUnit: Double, bytesPerUnit: Double,
            environmentBytes: Int64 = 0
        ) {
            self.units = units
            self.cuts = cuts
            self.secondsPerUnit = secondsPerUnit
            self.bytesPerUnit = bytesPerUnit
            self.environmentBytes = environmentBytes
        }
    }

    /// What the cluster offers.
    public struct Offer: Sendable {
        /// Of all workers together; at least 1 is assumed.
        public var slots: Int
        /// Bytes that a chunk's process may use on the least worker.
        public var memoryPerSlot: Int64
        /// Resident bytes of a chunk's process before it reads its first record.
        public var baseBytes: Int64

        public init(slots: Int, memoryPerSlot: Int64, baseBytes: Int64) {
            self.slots = slots
            self.memoryPerSlot = memoryPerSlot
            self.baseBytes = baseBytes
        }
    }

    public struct Layout: Sendable, Equatable {
        public let ranges: ChunkRanges
        /// Resident bytes expected of the process that runs the largest chunk.
        public let predictedPeak: Int64
        /// Of the largest chunk; 0 when the cost is not known.
        public let predictedSeconds: Double
    }

    public enum Refusal: Error, Equatable {
        /// `cuts` are not ascending, or don't begin and end where `units` do.
        case invalidCuts
        /// There is nothing to split.
        case empty
        case tooManyChunks
    }

    static let chunkSeconds = 0.2...2.0
    static let chunksPerSlot: Int64 = 4
    /// Share of a slot's memory that a plan fills: predictions err.
    static let memoryShare = 0.8

    public static func plan(_ demand: Demand, on offer: Offer) throws(Refusal) -> Layout {
        guard !demand.units.isEmpty else { throw .empty }
        let ranges =
            demand.cuts.isEmpty ? even(demand, on: offer) : ChunkRanges.exact(try checked(demand.cuts, demand.units))
        guard ranges.count <= Limits.chunksPerRegion else { throw .tooManyChunks }
        let largest = largestChunk(of: ranges)
        return Layout(
            ranges: ranges, predictedPeak: peak(of: largest, demand, on: offer),
            predictedSeconds: Double(largest) * positive(demand.secondsPerUnit))
    }

    private static func checked(_ cuts: [Int64], _ units: Range<Int64>) throws(Refusal) -> [Int64] {
        guard cuts.count >= 2, cuts.first == units.lowerBound, cuts.last == units.upperBound,
            zip(cuts, cuts.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw .invalidCuts }
        return cuts
    }

    private static func even(_ demand: Demand, on offer: Offer) -> ChunkRanges {
        let units = Int64(demand.units.count)
        var chunks = chunksByCost(seconds: Double(units) * positive(demand.secondsPerUnit), slots: offer.slots)
        if let fitting = unitsThatFit(demand, on: offer) { chunks = max(chunks, (units - 1) / fitting + 1) }
        chunks = min(chunks, units, Limits.chunksPerRegion)
        let step = (units - 1) / chunks + 1
        return .even(first: demand.units.lowerBound, last: demand.units.upperBound, step: step)
    }

    /// Four a slot where they are not shorter than 0.2 s, more where they would be longer than 2 s, and never fewer
    /// than there are slots.
    private static func chunksByCost(seconds: Double, slots: Int) -> Int64 {
        let slots = Int64(max(1, slots))
        let wanted = slots * chunksPerSlot
        guard seconds > 0 else { return max(2, slots) }
        let fewest = Int64(min(Double(Limits.chunksPerRegion), (seconds / chunkSeconds.upperBound).rounded(.up)))
        let most = Int64(min(Double(Limits.chunksPerRegion), seconds / chunkSeconds.lowerBound))
        return max(fewest, min(wanted, most), slots, 2)
    }

    /// nil when shorter chunks would not help: memory does not depend on their length, or is used up before it counts.
    private static func unitsThatFit(_ demand: Demand, on offer: Offer) -> Int64? {
        let bytesPerUnit = positive(demand.bytesPerUnit)
        let room = Double(offer.memoryPerSlot) * memoryShare - Double(fixedBytes(demand, on: offer))
        guard bytesPerUnit > 0, room > 0 else { return nil }
        return max(1, Int64(min(Double(Int64.max / 2), room / bytesPerUnit)))
    }

    private static func peak(of units: Int64, _ demand: Demand, on offer: Offer) -> Int64 {
        let variable = min(Double(units) * positive(demand.bytesPerUnit), Double(Int64.max / 4))
        return fixedBytes(demand, on: offer) + Int64(variable)
    }

    /// The environment counts twice: its pickled bytes live on while the objects are built from them.
    private static func fixedBytes(_ demand: Demand, on offer: Offer) -> Int64 {
        let (environment, overflow) = max(0, demand.environmentBytes).multipliedReportingOverflow(by: 2)
        return offer.baseBytes + (overflow ? Int64.max / 4 : min(environment, Int64.max / 4))
    }

    private static func largestChunk(of ranges: ChunkRanges) -> Int64 {
        switch ranges {
        case .even(let first, let last, let step): min(step, last - first)
        case .exact(let boundaries): zip(boundaries, boundaries.dropFirst()).map { $1 - $0 }.max() ?? 0
        }
    }

    /// Measurements come from a peer: what is no number, or negative, is nothing known.
    private static func positive(_ value: Double) -> Double { value.isFinite && value > 0 ? value : 0 }
}
