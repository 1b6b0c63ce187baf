/// A set of indices kept as ascending, disjoint ranges that do not touch: a million chunks in order are two numbers.
public struct IndexRanges: Sendable, Equatable {
    public private(set) var ranges: [Range<Int64>]
    /// How many indices there are.
    public private(set) var count: Int64

    public init() {
        ranges = []
        count = 0
    }

    public init(_ range: Range<Int64>) {
        ranges = range.isEmpty ? [] : [range]
        count = Int64(range.count)
    }

    /// - Parameter indices: ascending and distinct.
    public init(ascending indices: [Int64]) {
        self.init()
        for index in indices {
            if let last = ranges.last, last.upperBound == index {
                ranges[ranges.count - 1] = last.lowerBound..<(index + 1)
            } else {
                ranges.append(index..<(index + 1))
            }
        }
        count = Int64(indices.count)
    }

    /// The indices of `range` that are not here.
    public func complement(in range: Range<Int64>) -> IndexRanges {
        var gaps = IndexRanges()
        var start = range.lowerBound
        for taken in ranges where taken.upperBound > range.lowerBound && taken.lowerBound < range.upperBound {
            if taken.lowerBound > start { gaps.append(start..<taken.lowerBound) }
            start = taken.upperBound
        }
        if start < range.upperBound { gaps.append(start..<range.upperBound) }
        return gaps
    }

    /// Adds a range beyond all others, not touching them.
    private mutating func append(_ range: Range<Int64>) {
        ranges.append(range)
        count += Int64(range.count)
    }

    public var isEmpty: Bool { ranges.isEmpty }
    public var first: Int64? { ranges.first?.lowerBound }

    public func contains(_ index: Int64) -> Bool {
        let position = firstRange(endingAfter: index)
        return position < ranges.count && ranges[position].contains(index)
    }

    /// Takes up to `limit` indices from the front, those of one range only; nil when there is none.
    public mutating func popFirst(upTo limit: Int64) -> Range<Int64>? {
        guard let first = ranges.first, limit > 0 else { return nil }
        let end = min(first.upperBound, first.lowerBound + limit)
        let taken = first.lowerBound..<end
        if end == first.upperBound { ranges.removeFirst() } else { ranges[0] = end..<first.upperBound }
        count -= Int64(taken.count)
        return taken
    }

    /// - Returns: false when it was there already.
    @discardableResult
    public mutating func insert(_ index: Int64) -> Bool {
        let position = firstRange(endingAfter: index)
        if position < ranges.count, ranges[position].contains(index) { return false }
        let touchesBefore = position > 0 && ranges[position - 1].upperBound == index
        let touchesAfter = position < ranges.count && ranges[position].lowerBound == index + 1
        switch (touchesBefore, touchesAfter) {
        case (true, true):
            ranges[position - 1] = ranges[position - 1].lowerBound..<ranges[position].upperBound
            ranges.remove(at: position)
        case (true, false): ranges[position - 1] = ranges[position - 1].lowerBound..<(index + 1)
        case (false, true): ranges[position] = index..<ranges[position].upperBound
        case (false, false): ranges.insert(index..<(index + 1), at: position)
        }
        count += 1
        return true
    }

    /// - Returns: false when it was not there.
    @discardableResult
    public mutating func remove(_ index: Int64) -> Bool {
        let position = firstRange(endingAfter: index)
        guard position < ranges.count, ranges[position].contains(index) else { return false }
        let range = ranges[position]
        let parts = [range.lowerBound..<index, (index + 1)..<range.upperBound].filter { !$0.isEmpty }
        ranges.replaceSubrange(position...position, with: parts)
        count -= 1
        return true
    }

    /// Removes every index from `bound` on.
    public mutating func removeAll(from bound: Int64) {
        while let last = ranges.last, last.upperBound > bound {
            ranges.removeLast()
            let kept = last.lowerBound..<max(last.lowerBound, bound)
            count -= Int64(last.count - kept.count)
            if !kept.isEmpty { ranges.append(kept) }
        }
    }

    /// The end of the unbroken run that begins at `index`; `index` itself when it is not contained.
    public func endOfRun(from index: Int64) -> Int64 {
        let position = firstRange(endingAfter: index)
        guard position < ranges.count, ranges[position].contains(index) else { return index }
        return ranges[position].upperBound
    }

    /// Position of the first range whose upper bound is greater than `index`.
    private func firstRange(endingAfter index: Int64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > index { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
