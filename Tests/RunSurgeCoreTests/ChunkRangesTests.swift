import RunSurgeCore
import Testing

@Suite struct ChunkRangesTests {
    @Test(arguments: [(0, 0, 1), (0, 10, 3), (5, 6, 100), (7, 1_007, 10), (3, 103, 7)] as [(Int64, Int64, Int64)])
    func evenRangesCoverTheSourceWithoutGapOrOverlap(first: Int64, last: Int64, step: Int64) {
        let ranges = ChunkRanges.even(first: first, last: last, step: step)
        var next = first
        for index in 0..<ranges.count {
            #expect(ranges[index].lowerBound == next)
            #expect(!ranges[index].isEmpty)
            next = ranges[index].upperBound
        }
        #expect(next == last)
    }

    @Test func exactRangesFollowTheirBoundaries() {
        let ranges = ChunkRanges.exact([4, 9, 10])
        #expect(ranges.count == 2)
        #expect(ranges[0] == 4..<9)
        #expect(ranges[1] == 9..<10)
        #expect(ChunkRanges.exact([]).count == 0)
    }
}
