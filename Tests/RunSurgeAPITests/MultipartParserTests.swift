import NIOCore
import Testing

@testable import RunSurgeAPI

@Suite struct MultipartParserTests {
    private static let boundary = "XyZ"

    /// Parts as (name, file name, content), merged from the events.
    struct Part: Equatable {
        let name: String
        let fileName: String?
        var content: [UInt8]
    }

    private static func parse(_ pieces: [[UInt8]]) throws -> [Part] {
        var parser = MultipartParser(boundary: boundary)
        var parts: [Part] = []
        func drain() throws {
            while let event = try parser.next() {
                switch event {
                case .partBegan(let headers):
                    parts.append(Part(name: headers.name, fileName: headers.fileName, content: []))
                case .bytes(let bytes):
                    #expect(!bytes.isEmpty)
                    parts[parts.count - 1].content += bytes
                case .partEnded, .ended: break
                }
            }
        }
        for piece in pieces {
            parser.feed(ByteBuffer(bytes: piece))
            try drain()
        }
        try parser.finish()
        return parts
    }

    private static let bodies: [(String, [Part])] = [
        ("--XyZ--", []),
        ("--XyZ--\r\n", []),
        (
            "preamble\r\nmore\r\n--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--XyZ--\r\nepilogue",
            [Part(name: "a", fileName: nil, content: Array("one".utf8))]
        ),
        (
            "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--XyZ\r\n"
                + "content-type: text/plain\r\ncontent-disposition: form-data; name=b; filename=\"x y.csv\"\r\n\r\n"
                + "\r\n--Xy\r\n--XY\r\n\r\r\n\n--XyZ\r\r\n--XyZ--",
            [
                Part(name: "a", fileName: nil, content: []),
                Part(name: "b", fileName: "x y.csv", content: Array("\r\n--Xy\r\n--XY\r\n\r\r\n\n--XyZ\r".utf8)),
            ]
        ),
        (
            "--XyZ \t\r\nContent-Disposition: form-data; name=\"pad\"\r\n\r\n-\r\n--XyZ--",
            [Part(name: "pad", fileName: nil, content: [UInt8(ascii: "-")])]
        ),
    ]

    @Test(arguments: bodies.indices) func everySplitOfTheBodyGivesTheSameParts(index: Int) throws {
        let (text, expected) = Self.bodies[index]
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: max(1, bytes.count / 24)) {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                #expect(try Self.parse(pieces) == expected, "split at \(first) and \(second)")
            }
        }
        #expect(try Self.parse(bytes.map { [$0] }) == expected, "byte by byte")
    }

    @Test func everyPrefixOfABodyIsTruncated() throws {
        let bytes = Array("--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--XyZ--".utf8)
        for count in 0..<bytes.count {
            #expect(throws: MultipartError.truncated, "\(count) bytes") { try Self.parse([Array(bytes[..<count])]) }
        }
    }

    @Test func randomBinaryContentSurvivesRandomSplits() throws {
        var generator = SystemRandomNumberGenerator()
        for round in 0..<50 {
            // Few different bytes, so that beginnings of the boundary are common.
            let alphabet = Array("\r\n-XyZ".utf8)
            let content = (0..<2_000).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard !String(decoding: content, as: UTF8.self).contains("\r\n--XyZ") else { continue }
            let head = Array("--XyZ\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n".utf8)
            var rest = (head + content + Array("\r\n--XyZ--\r\n".utf8))[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...97, using: &generator))
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(
                try Self.parse(pieces) == [Part(name: "a", fileName: "f", content: content)],
                "round \(round): \(pieces)")
        }
    }

    @Test(
        arguments: [
            "--XyZx\r\n",
            "--XyZ\r\n\r\nno headers\r\n--XyZ--",
            "--XyZ\r\nContent-Type: text/plain\r\n\r\nno disposition\r\n--XyZ--",
            "--XyZ\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--XyZ--",
            "--XyZ\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--XyZ--",
            "--XyZ\r\nContent-Disposition: form-data; name=\"a\r\n\r\nopen quote\r\n--XyZ--",
            "--XyZ\r\nX: " + String(repeating: "x", count: 20_000) + "\r\n\r\n",
            "--XyZ" + String(repeating: " ", count: 20_000),
        ])
    func brokenBodiesAreRefused(body: String) {
        let error = #expect(throws: MultipartError.self) { try Self.parse([Array(body.utf8)]) }
        #expect(error != .truncated, "\(body.prefix(60))")
    }

    @Test func memoryIsBoundedByOnePieceAndItsBoundary() throws {
        var parser = MultipartParser(boundary: Self.boundary)
        parser.feed(ByteBuffer(string: "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"))
        guard case .partBegan = try parser.next() else {
            Issue.record("The part did not begin.")
            return
        }
        let piece = ByteBuffer(repeating: UInt8(ascii: "\r"), count: 10_000)
        for _ in 0..<20 {
            parser.feed(piece)
            var taken = 0
            while case .bytes(let bytes) = try parser.next() { taken += bytes.count }
            // Only what may be the beginning of a boundary is held back.
            #expect((9_999...10_001).contains(taken))
        }
    }

    @Test(
        arguments: [
            (#"form-data; name="a"; filename="x.csv""#, "a", "x.csv"),
            (#"form-data; name=a; filename=x.csv"#, "a", "x.csv"),
            (#"Form-Data; filename="x; y=z.csv" ; name="a""#, "a", "x; y=z.csv"),
            (#"form-data; name="a"; filename="q\"uo\\te.csv""#, "a", #"q"uo\te.csv"#),
            (#"form-data; name="a"; filename="q%22uote.csv""#, "a", #"q"uote.csv"#),
            (#"form-data; name="a"; filename="100%25.csv""#, "a", "100%25.csv"),
            (#"form-data; name="a"; filename="naïve.txt""#, "a", "naïve.txt"),
            (#"form-data; name="a"; filename="x"; filename*=UTF-8''na%C3%AFve.txt"#, "a", "naïve.txt"),
            (#"form-data; name="a"; filename="""#, "a", ""),
        ])
    func partHeadersAreReadAsClientsWriteThem(header: String, name: String, fileName: String) throws {
        let headers = try PartHeaders(parsing: Array("X-Other: 1\r\nContent-Disposition: \(header)".utf8))
        #expect(headers.name == name)
        #expect(headers.fileName == fileName)
    }

    @Test(
        arguments: [
            ("multipart/form-data; boundary=abc", true), ("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", true),
            ("multipart/form-data", false), ("multipart/mixed; boundary=abc", false), ("application/json", false),
            ("", false),
            ("multipart/form-data; boundary=", false),
            ("multipart/form-data; boundary=" + String(repeating: "b", count: 71), false),
        ])
    func theContentTypeMustNameABoundary(contentType: String, isUsable: Bool) {
        #expect(((try? MultipartParser(contentType: contentType)) != nil) == isUsable)
    }
}
