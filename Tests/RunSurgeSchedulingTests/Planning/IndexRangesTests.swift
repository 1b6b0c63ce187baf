import RunSurgeScheduling
import Testing

@Suite struct IndexRangesTests {
    /// Compared with a plain set after every step.
    @Test(arguments: [UInt64(1), 2, 3, 4, 5]) func behavesLikeASet(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var ranges = IndexRanges(0..<40)
        var model = Set(Int64(0)..<40)
        for step in 0..<2_000 {
            let index = Int64.random(in: 0..<48, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: #expect(ranges.insert(index) == model.insert(index).inserted)
            case 3...5: #expect(ranges.remove(index) == (model.remove(index) != nil))
            case 6:
                let taken = ranges.popFirst(upTo: 3)
                #expect(taken?.lowerBound == model.min())
                for index in taken ?? 0..<0 { #expect(model.remove(index) != nil) }
            default:
                if step.isMultiple(of: 50) {
                    ranges.removeAll(from: index)
                    model = model.filter { $0 < index }
                }
            }
            #expect(Set(ranges.ranges.flatMap { $0 }) == model, "seed \(seed), step \(step)")
            #expect(ranges.count == Int64(model.count))
            #expect(ranges.first == model.min())
            #expect(ranges.contains(index) == model.contains(index))
            #expect(zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
        }
    }

    @Test func aMillionChunksInOrderAreOneRange() {
        var done = IndexRanges()
        for index in Int64(0)..<1_000_000 { done.insert(index) }
        #expect(done.ranges == [0..<1_000_000])
        #expect(done.endOfRun(from: 5) == 1_000_000)
    }

    @Test func theComplementIsWhatIsMissing() {
        let done = IndexRanges(ascending: [0, 1, 4, 9])
        #expect(done.complement(in: 0..<10).ranges == [2..<4, 5..<9])
        #expect(IndexRanges().complement(in: 0..<3).ranges == [0..<3])
        #expect(IndexRanges(0..<3).complement(in: 0..<3).isEmpty)
    }
}
