import RunSurgeProtocol
import SwiftProtobuf
import Testing

/// The bytes of events are the contract with monitoring tools of any language.
@Suite struct EventMessageTests {
    @Test func aBeaconHasItsGoldenBytes() throws {
        var beacon = WireBeacon()
        beacon.term = 3
        beacon.sentNanoseconds = 1
        beacon.sequence = 300
        beacon.nodes = 2
        beacon.slots = 4
        beacon.readyChunks = 5
        beacon.leasedChunks = 6
        beacon.runningJobs = 1
        beacon.waitingJobs = 2
        beacon.oldestLeaseMilliseconds = 1_200
        beacon.chunksAccepted = 7
        beacon.attemptsLost = 8
        beacon.queues = [
            .with {
                $0.pythonVersion = "3.11"
                $0.modules = ["np"]
                $0.memoryBytes = 512
                $0.readyChunks = 5
                $0.waitingDrivers = 1
            }
        ]
        beacon.badMessages = 9
        try expect(
            beacon,
            [
                0x08, 0x03, 0x10, 0x01, 0x18, 0xAC, 0x02, 0x20, 0x02, 0x28, 0x04, 0x30, 0x05, 0x38, 0x06, 0x40, 0x01,
                0x48, 0x02, 0x50, 0xB0, 0x09, 0x58, 0x07, 0x60, 0x08, 0x6A, 0x11, 0x0A, 0x04, 0x33, 0x2E, 0x31, 0x31,
                0x12, 0x02, 0x6E, 0x70, 0x18, 0x80, 0x04, 0x20, 0x05, 0x28, 0x01, 0x70, 0x09,
            ])
    }

    @Test func aNodesStateHasItsGoldenBytes() throws {
        var state = WireNodeState()
        state.nodeID = 12
        state.nodeName = "a"
        state.state = .dead
        state.sinceNanoseconds = 5
        state.slots = 2
        state.memoryBytes = 1_024
        state.leases = 3
        state.oldestLeaseMilliseconds = 40
        try expect(
            state,
            [
                0x08, 0x0C, 0x12, 0x01, 0x61, 0x18, 0x03, 0x20, 0x05, 0x28, 0x02, 0x30, 0x80, 0x08, 0x38, 0x03, 0x40,
                0x28,
            ])
    }

    @Test func aHeartbeatHasItsGoldenBytes() throws {
        var beat = WireHeartbeat()
        beat.session = 0x0102_0304_0506_0708
        beat.nodeID = 1
        beat.loadAverage = 1
        beat.running = [
            .with {
                $0.jobID = 1
                $0.regionID = 2
                $0.chunkIndex = 3
                $0.runningMilliseconds = 4
                $0.residentBytes = 5
            }
        ]
        beat.chunksCompleted = 6
        beat.resultsUnacknowledged = 7
        beat.chunksFailed = 8
        beat.draining = true
        beat.pythonVersion = "3"
        beat.cpuSeconds = 2
        try expect(
            beat,
            [
                0x09, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x10, 0x01, 0x61, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F,
                0x6A, 0x0A, 0x08, 0x01, 0x10, 0x02, 0x18, 0x03, 0x20, 0x04, 0x28, 0x05, 0x70, 0x06, 0x78, 0x07, 0x80,
                0x01, 0x08, 0x88, 0x01, 0x01, 0x92, 0x01, 0x01, 0x33, 0x99, 0x01, 0, 0, 0, 0, 0, 0, 0, 0x40,
            ])
    }

    @Test(arguments: [
        (WireNodeState.State.attached, 1), (.unreachable, 2), (.dead, 3), (.left, 4), (.draining, 5),
    ])
    func statesKeepTheirNumbers(state: WireNodeState.State, number: Int) { #expect(state.rawValue == number) }

    private func expect<Event: Message & Equatable>(_ event: Event, _ golden: [UInt8]) throws {
        #expect(try FrameCodec.encode(event) == golden)
        #expect(try FrameCodec.decode(Event.self, from: golden) == event)
        for length in 0..<golden.count {
            #expect((try? FrameCodec.decode(Event.self, from: Array(golden[..<length]))) != event)
        }
    }
}
