import RunSurgeCore
import Testing

@testable import RunSurgeScheduling

/// The dispatcher's tables against a dictionary, whatever is done to them in whatever order.
@Suite struct TableTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func entriesAreThoseOfADictionary(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = EntryTable<Int, [Int]>()
        var model: [Int: [Int]] = [:]
        for step in 0..<2_000 {
            let key = Int.random(in: 0..<30, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: (table[key], model[key]) = ([step], [step])
            case 1: (table[key], model[key]) = (nil, nil)
            case 2: #expect(table.removeValue(forKey: key) == model.removeValue(forKey: key))
            case 3:
                table[key]?.append(step)
                model[key]?.append(step)
            default: break
            }
            #expect(table[key] == model[key], "seed \(seed), step \(step)")
            #expect(table.count == model.count && table.isEmpty == model.isEmpty)
        }
        #expect(Set(table.keys) == Set(model.keys))
        #expect(Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) }) == model)
        #expect(table.values.map(\.count).sorted() == model.values.map(\.count).sorted())
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func chunksAreThoseOfADictionary(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = ChunkTable<Step>()
        var model: [Int64: Step] = [:]
        for number in 0..<2_000 {
            let step = Step(number: number)
            let chunk = Int64.random(in: 0..<300, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: #expect(table.updateValue(step, forKey: chunk) == (model.updateValue(step, forKey: chunk) == nil))
            case 1: (table[chunk], model[chunk]) = (step, step)
            case 2: #expect(table.removeValue(forKey: chunk) == model.removeValue(forKey: chunk))
            case 3:
                table.change(chunk) { $0.number += 1 }
                model[chunk]?.number += 1
            default: (table[chunk], model[chunk]) = (nil, nil)
            }
            #expect(table[chunk] == model[chunk], "seed \(seed), step \(number)")
            #expect(table.contains(chunk) == (model[chunk] != nil) && table.count == model.count)
        }
        #expect(Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) }) == model)
    }
}

private struct Step: ChangedInPlace, Equatable {
    var number: Int
}
