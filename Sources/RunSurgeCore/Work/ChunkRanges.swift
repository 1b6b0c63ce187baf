/// The boundaries of a region's chunks, in the unit of its source (bytes, records or pieces).
///
/// A region of a million chunks is four numbers: boundaries are computed, never stored one by one, unless the
/// driver demanded exact ones.
public enum ChunkRanges: Sendable, Hashable, Codable {
    /// Chunks of `step` units from `first`, the last one shorter; `step` > 0.
    case even(first: Int64, last: Int64, step: Int64)
    /// Ascending boundaries, the first and last included.
    case exact([Int64])

    public var count: Int64 {
        switch self {
        case .even(let first, let last, let step): last <= first ? 0 : (last - first - 1) / step + 1
        case .exact(let boundaries): Int64(max(0, boundaries.count - 1))
        }
    }

    /// The half-open range of chunk `index`, which must be in 0 ..< `count`.
    public subscript(index: Int64) -> Range<Int64> {
        precondition(index >= 0 && index < count, "chunk \(index) of \(count)")
        switch self {
        case .even(let first, let last, let step):
            let start = first + index * step
            return start..<min(last, start + step)
        case .exact(let boundaries): return boundaries[Int(index)]..<boundaries[Int(index) + 1]
        }
    }
}
