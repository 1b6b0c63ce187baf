import Foundation
import RunSurgeCore
import RunSurgeProtocol
import Testing

@Suite struct ConversionTests {
    private static let blob = BlobReference(sha256: String(repeating: "0a", count: 32), size: 7)

    @Test func aLeaseTokenSurvives() throws {
        let tokens = [
            LeaseToken(key: .driver(of: JobID(3)), term: 1, epoch: 2, session: 9),
            LeaseToken(
                key: WorkKey(job: JobID(3), region: RegionID(4), chunk: 1 << 40), term: .max, epoch: .max, session: .max
            ),
        ]
        for token in tokens { #expect(try LeaseToken(wire: token.wire) == token) }
    }

    @Test(arguments: [UInt32(0o100644), 0o040755, 0o755]) func aFileEntryKeepsPermissionsAndFolders(mode: UInt32) throws
    {
        let entry = FileEntry(path: "/job/a", blob: Self.blob, modifiedNanoseconds: -5, mode: mode)
        let back = try FileEntry(wire: entry.wire)
        #expect(back.path == entry.path && back.blob == entry.blob && back.modifiedNanoseconds == -5)
        #expect(back.isDirectory == entry.isDirectory)
        #expect(back.mode & 0o7777 == mode & 0o7777)
    }

    @Test(arguments: ["", "relative", "/nul\0byte"]) func pathsThatAreNoneAreRefused(path: String) {
        var wire = FileEntry(path: path, blob: Self.blob, modifiedNanoseconds: 0, mode: 0).wire
        wire.path = path
        #expect(throws: ProtocolError.invalidField(message: "FileEntry", field: "path")) { try FileEntry(wire: wire) }
    }

    @Test func blobsWithoutAFullNameAreRefused() {
        var wire = Self.blob.wire
        wire.sha256 = Data(repeating: 1, count: 31)
        #expect(throws: ProtocolError.self) { try BlobReference(wire: wire) }
        wire = Self.blob.wire
        wire.size = -1
        #expect(throws: ProtocolError.self) { try BlobReference(wire: wire) }
    }

    @Test func payloadsKeepTheirPlace() throws {
        for payload in [Payload.inline([]), .inline([1, 2]), .blob(Self.blob)] {
            #expect(try Payload(wire: payload.wire) == payload)
        }
        #expect(try Payload(wire: WirePayload()) == .inline([]))
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [Int16]) func anOutcomeSurvives(status: Int16) throws {
        let outcome = ChunkOutcome(
            index: 4, status: try #require(OutcomeStatus(rawValue: status)), records: 5, range: 10..<20,
            effects: .blob(Self.blob), reason: "because", variable: "x", line: 3, wallMicroseconds: 1,
            cpuMicroseconds: 2, peakBytes: 3, parts: 4)
        #expect(try ChunkOutcome(wire: outcome.wire) == outcome)
    }

    @Test func outcomesThatMakeNoSenseAreRefused() throws {
        let good = ChunkOutcome(
            index: 0, status: .completed, records: 0, range: 0..<1, effects: .inline([]), reason: "", variable: "",
            line: 0, wallMicroseconds: 0, cpuMicroseconds: 0, peakBytes: 0
        ).wire
        let changes: [(inout WireChunkOutcome) -> Void] = [
            { $0.chunkIndex = -1 }, { $0.records = -1 }, { $0.lastUnit = -1 }, { $0.status = .outcomeUnspecified },
            { $0.status = .UNRECOGNIZED(77) }, { $0.effects.blob = WireBlobReference() },
        ]
        for change in changes {
            var wire = good
            change(&wire)
            #expect(throws: ProtocolError.self) { try ChunkOutcome(wire: wire) }
        }
    }

    @Test func textsOfPeersAreCutAndFreeOfNUL() throws {
        #expect(WireText.clean("a\0b") == "ab")
        #expect(WireText.clean(String(repeating: "ä", count: 5_000)).utf8.count <= WireText.limit + 2)
        #expect(WireText.clean("unchanged") == "unchanged")
    }

    @Test func verdictsAndStreamsSurvive() throws {
        for verdict in [ResultVerdict.accepted, .duplicate, .stale] {
            #expect(try ResultVerdict(wire: verdict.wire) == verdict)
        }
        #expect(throws: ProtocolError.self) { try ResultVerdict(wire: .unspecified) }
        for stream in LogStream.allCases { #expect(try LogStream(wire: stream.wire) == stream) }
        #expect(throws: ProtocolError.self) { try LogStream(wire: .logUnspecified) }
    }

    @Test func aLogSegmentIsTheDriversOwn() throws {
        var wire = WireLogSegment()
        wire.driver = LeaseToken(key: .driver(of: JobID(3)), term: 1, epoch: 2, session: 9).wire
        wire.stream = .standardError
        wire.offset = 5
        wire.data = Data([1, 2])
        let append = try LogAppend(wire: wire)
        #expect(append.job == JobID(3) && append.epoch == 2 && append.offset == 5 && append.bytes == [1, 2])
        wire.offset = .max
        #expect(throws: ProtocolError.self) { try LogAppend(wire: wire) }
        wire.offset = 0
        wire.driver.regionID = 1
        #expect(throws: ProtocolError.self) { try LogAppend(wire: wire) }
    }

    @Test func aJobsContextSurvives() throws {
        let script = FileEntry(path: "/w/s.py", blob: Self.blob, modifiedNanoseconds: 1, mode: 0o644)
        let specification = JobSpecification(
            name: "", script: script, inputs: [script], arguments: ["a", ""], workingDirectory: "/w",
            environment: ["A": "b"], standardInput: Self.blob, hashSeed: .max)
        let wire = WireJobContext(job: JobID(3), specification: specification, plan: .inline([1]), traceID: "t")
        #expect(try wire.specification() == specification)
        #expect(wire.plan.inline == Data([1]))
        var bad = wire
        bad.workingDirectory = "w"
        #expect(throws: ProtocolError.self) { try bad.specification() }
    }
}
