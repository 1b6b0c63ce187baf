import Testing

@testable import RunSurgeWorker

@Suite struct FrameTests {
    private static let example = Frame(["t": .string("chunk"), "index": .integer(3)], body: [1, 2, 3])

    private func encoded(_ frames: [Frame]) -> [UInt8] {
        var bytes: [UInt8] = []
        for frame in frames { frame.write(to: &bytes) }
        return bytes
    }

    private func decode(_ decoder: inout FrameDecoder, _ bytes: some Collection<UInt8>) throws -> [Frame] {
        try Array(bytes).withUnsafeBytes { try decoder.decode($0) }
    }

    @Test func hasTheBytesThatTheHarnessExpects() {
        let head = Array(#"{"index":3,"t":"chunk"}"#.utf8)
        #expect(encoded([Self.example]) == [UInt8(head.count), 0, 0, 0, 3, 0, 0, 0] + head + [1, 2, 3])
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 50, 1_000])
    func isPutTogetherFromPiecesOfAnySize(size: Int) throws {
        let frames = [Self.example, Frame(["t": .string("")]), Self.example]
        var rest = encoded(frames)[...]
        var decoder = FrameDecoder()
        var decoded: [Frame] = []
        while !rest.isEmpty {
            decoded += try decode(&decoder, rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        #expect(decoded == frames)
        #expect(decoder.pendingBytes == 0)
    }

    @Test func lengthsBeyondTheLimitsAreRefusedBeforeAnythingIsKept() {
        let all: [[UInt8]] = [[1, 0, 0x10, 0, 0, 0, 0, 0], [2, 0, 0, 0, 1, 0, 0, 4], Array(repeating: 255, count: 8)]
        for bytes in all {
            var decoder = FrameDecoder()
            #expect(throws: FrameError.self) { try decode(&decoder, bytes) }
        }
    }

    @Test func aHeadThatIsNotJSONIsRefused() {
        var decoder = FrameDecoder()
        #expect(throws: FrameError.self) { try decode(&decoder, [2, 0, 0, 0, 0, 0, 0, 0, 123, 123]) }
    }
}
