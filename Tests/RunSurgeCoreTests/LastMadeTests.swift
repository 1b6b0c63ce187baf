import RunSurgeCore
import Testing

struct LastMadeTests {
    private struct Failure: Error {}

    @Test func isMadeAgainOnlyWhenItsSourceHasChanged() {
        let lengths = LastMade<Int, String, Int>()
        var made = 0
        func length(_ key: Int, _ text: String) -> Int {
            lengths.product(for: key, of: text) {
                made += 1
                return text.count
            }
        }
        #expect([length(1, "a"), length(1, "a"), length(2, "a")] == [1, 1, 1])
        #expect(made == 2)
        #expect([length(1, "long"), length(1, "long"), length(1, "a")] == [4, 4, 1])
        #expect(made == 4)
    }

    @Test func dropsWhatItHasHadLongest() {
        let lengths = LastMade<Int, String, Int>(capacity: 2)
        var made: [Int] = []
        for key in [1, 2, 1, 3, 2, 1, 3] {
            let product = lengths.product(for: key, of: "four") {
                made.append(key)
                return 4
            }
            #expect(product == 4)
        }
        // 3 takes the place of 1, and 1 that of 2.
        #expect(made == [1, 2, 3, 1])
    }

    @Test func keepsNothingThatIsTooLarge() {
        let lengths = LastMade<Int, String, Int> { text, _ in text.count < 4 }
        var made = 0
        for text in ["tiny", "tiny", "one", "one"] {
            _ = lengths.product(for: 1, of: text) {
                made += 1
                return text.count
            }
        }
        #expect(made == 3)
    }

    @Test func aFailureIsNotKept() async throws {
        let lengths = LastMade<Int, String, Int>()
        await #expect(throws: Failure.self) {
            try await lengths.product(for: 1, of: "a") { () async throws -> Int in throw Failure() }
        }
        #expect(await lengths.product(for: 1, of: "a") { () async -> Int in 1 } == 1)
    }
}
