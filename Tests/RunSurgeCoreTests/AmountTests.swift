import Foundation
import RunSurgeCore
import Testing

struct AmountTests {
    @Test(arguments: [
        (0, "0"), (1_000_000, "1"), (100_000, "0.1"), (123_456, "0.123456"), (300_000, "0.3"), (1_100_003, "1.100003"),
        (999_999_999_999_999, "999999999.999999"),
    ])
    func aDecimalHasNoNoise(microUnits: MicroUnits, text: String) throws {
        let encoded = try JSONEncoder().encode([Amount(microUnits)])
        #expect(String(decoding: encoded, as: UTF8.self) == "[\(text)]")
        #expect(try JSONDecoder().decode([Amount].self, from: encoded) == [Amount(microUnits)])
    }
}
