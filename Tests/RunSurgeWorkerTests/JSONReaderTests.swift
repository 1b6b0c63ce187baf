import Testing

@testable import RunSurgeWorker

@Suite struct JSONReaderTests {
    @Test func readsWhatPythonWrites() throws {
        let text = #"{"a": [1, -2.5, 1e3, NaN, -Infinity], "b": {"c": null, "d": true}, "e": "\u00e9\ud83d\ude00\n\\"}"#
        let value = try JSONReader.read(text.utf8)
        #expect(value["a"]?.items?[0] == .integer(1))
        #expect(value["a"]?.items?[1].number == -2.5)
        #expect(value["a"]?.items?[3].number?.isNaN == true)
        #expect(value["a"]?.items?[4].number == -.infinity)
        #expect(value["b"]?["c"] == .null)
        #expect(value["b"]?["d"]?.isTrue == true)
        #expect(value["e"]?.text == "é😀\n\\")
    }

    @Test func integersKeepAllTheirDigits() throws {
        let digits = "-123456789012345678901234567890"
        #expect(try JSONReader.read(digits.utf8) == .bigInteger(digits))
        #expect(try JSONReader.read("9223372036854775807".utf8) == .integer(.max))
    }

    @Test func whatItWritesItReadsBack() throws {
        let value = JSONValue.object([
            "text": .string("a\"\\\u{1}\n\u{7f}é"), "numbers": .array([.integer(.min), .double(0.1), .double(1e300)]),
            "none": .null, "deep": .object(["x": .bool(false)]),
        ])
        #expect(try JSONReader.read(value.bytes) == value)
    }

    @Test(arguments: [
        "", "{", "[", "\"", "{\"a\"}", "{\"a\":}", "[1,]", "[1 2]", "nul", "-", "1e", "--1", "\"\\x\"", "\"\\u12\"",
        "1 2",
        "{1:2}", "\"\\ud800", "[\"", "{\"a\":1,}", "tru", "I", "+1", ".5",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try JSONReader.read(text.utf8) }
    }

    @Test func refusesToNestDeeperThanItsStackAllows() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSONReader.read(deep.utf8) }
        let allowed = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        #expect(throws: Never.self) { try JSONReader.read(allowed.utf8) }
    }

    @Test func aLoneSurrogateBecomesAReplacementCharacter() throws {
        #expect(try JSONReader.read(#""\ud800x""#.utf8).text == "\u{fffd}x")
    }
}
