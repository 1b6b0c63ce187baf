import RunSurgeCore
import RunSurgeProtocol
import Testing

@Suite struct FrameCodecTests {
    private static var sample: WireWorkerMessage {
        get throws {
            let key = WorkKey(job: JobID(7), region: RegionID(9), chunk: 3)
            var pull = WirePull()
            pull.freeSlots = 2
            pull.held = [LeaseToken(key: key, term: 4, epoch: 5, session: .max).wire]
            var message = WireWorkerMessage()
            message.session = .max
            message.pull = pull
            return message
        }
    }

    /// The bytes on the wire are the contract with workers of other versions.
    @Test func aPullHasItsGoldenBytes() throws {
        let golden: [UInt8] = [
            0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1a, 0x17, 0x08, 0x02, 0x22, 0x13, 0x08, 0x07, 0x10,
            0x09, 0x18, 0x03, 0x20, 0x04, 0x28, 0x05, 0x31, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ]
        #expect(try FrameCodec.encode(Self.sample) == golden)
        #expect(try FrameCodec.decode(WireWorkerMessage.self, from: golden) == Self.sample)
    }

    @Test func everyTruncationIsAnErrorOrAMessageNeverATrap() throws {
        let bytes = try FrameCodec.encode(Self.sample)
        for length in 0..<bytes.count {
            let decoded = try? FrameCodec.decode(WireWorkerMessage.self, from: Array(bytes[..<length]))
            #expect(decoded != (try Self.sample))
        }
    }

    @Test func framesBeyondTheLimitAreRefusedBeforeDecoding() {
        let huge = [UInt8](repeating: 0, count: Limits.frameBytes + 1)
        #expect(throws: ProtocolError.tooLarge(bytes: huge.count, limit: Limits.frameBytes)) {
            try FrameCodec.decode(WireWorkerMessage.self, from: huge)
        }
    }

    @Test func tokensWithIdentifiersNobodyGaveOutAreRefused() {
        var token = WireLeaseToken()
        #expect(throws: ProtocolError.invalidField(message: "LeaseToken", field: "job_id")) {
            try LeaseToken(wire: token)
        }
        token.jobID = 1
        token.chunkIndex = -1
        #expect(throws: ProtocolError.invalidField(message: "LeaseToken", field: "chunk_index")) {
            try LeaseToken(wire: token)
        }
    }
}
