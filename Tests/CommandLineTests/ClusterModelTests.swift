import Foundation
import RunSurgeProtocol
import Testing

@testable import runsurge

/// Events of a cluster, as its master publishes them.
struct Events {
    var model = ClusterModel()
    var now = 0.0

    @discardableResult
    mutating func beacon(
        term: Int64 = 7, sequence: UInt64, _ fill: (inout WireBeacon) -> Void = { _ in }
    ) throws -> ClusterModel.Change {
        var beacon = WireBeacon()
        beacon.term = term
        beacon.sequence = sequence
        beacon.sentNanoseconds = 1_000_000_000_000 + Int64(now * 1e9)
        fill(&beacon)
        return model.take(topic: "beacon", payload: try FrameCodec.encode(beacon), at: now)
    }

    @discardableResult
    mutating func state(
        _ node: Int64, _ state: WireNodeState.State, name: String = "alpha",
        _ fill: (inout WireNodeState) -> Void = { _ in }
    ) throws -> ClusterModel.Change {
        var wire = WireNodeState()
        wire.nodeID = node
        wire.nodeName = name
        wire.state = state
        wire.sinceNanoseconds = 1_000_000_000_000
        wire.slots = 2
        wire.memoryBytes = 8 << 30
        fill(&wire)
        return model.take(topic: "node-state/\(node)", payload: try FrameCodec.encode(wire), at: now)
    }

    mutating func heartbeat(
        _ node: Int64, session: UInt64 = 1, _ fill: (inout WireHeartbeat) -> Void = { _ in }
    ) throws {
        var beat = WireHeartbeat()
        beat.session = session
        beat.nodeID = node
        beat.nodeName = "alpha"
        beat.slots = 2
        beat.memoryBytes = 8 << 30
        fill(&beat)
        _ = model.take(topic: "node/\(node)", payload: try FrameCodec.encode(beat), at: now)
    }

    var snapshot: ClusterSnapshot { ClusterSnapshot(model, now: now, time: 5) }
}

@Suite struct ClusterModelTests {
    @Test func aNodeThatDiesIsShownAsDeadWithNothingRunning() throws {
        var events = Events()
        try events.beacon(sequence: 0)
        #expect(try events.state(1, .attached) == .turn)
        try events.heartbeat(1) { beat in
            beat.busySlots = 2
            beat.running = [.with { $0.jobID = 3 }]
        }
        #expect(try events.state(1, .attached) == .update)
        #expect(events.snapshot.busySlots == 2 && events.snapshot.nodesAlive == 1)
        events.now = 4
        #expect(try events.state(1, .dead) { $0.sinceNanoseconds = 1_003_000_000_000 } == .turn)
        try events.beacon(sequence: 4)
        let snapshot = events.snapshot
        #expect(snapshot.nodesAlive == 0 && snapshot.nodesGone == 1 && snapshot.slots == 0)
        let node = try #require(snapshot.nodes.first)
        #expect(node.state == "dead" && node.running.isEmpty && node.busySlots == 0)
        #expect(node.stateSeconds == 1)
    }

    @Test func aRestartedMasterBeginsItsCountsAnew() throws {
        var events = Events()
        for second in 0...4 {
            events.now = Double(second)
            try events.beacon(sequence: UInt64(second)) { $0.chunksAccepted = UInt64(second) * 500 }
        }
        #expect(events.snapshot.chunksPerSecond == 500)
        events.now = 9
        #expect(try events.beacon(term: 8, sequence: 0) == .turn)
        #expect(events.snapshot.takeovers == 1 && events.snapshot.term == 8)
        #expect(events.snapshot.chunksPerSecond == nil && events.snapshot.missedBeacons == 0)
        events.now = 10
        try events.beacon(term: 8, sequence: 1) { $0.chunksAccepted = 30 }
        #expect(events.snapshot.chunksPerSecond == 30)
    }

    @Test func beaconsThatDidNotArriveAreCounted() throws {
        var events = Events()
        try events.beacon(sequence: 3)
        try events.beacon(sequence: 4)
        try events.beacon(sequence: 8)
        #expect(events.snapshot.missedBeacons == 3)
    }

    @Test func twoWorkersOfOneNodeAreAddedUpUntilOneIsReplaced() throws {
        var events = Events()
        try events.beacon(sequence: 0)
        try events.heartbeat(1, session: 1) { $0.busySlots = 1 }
        try events.heartbeat(1, session: 2) { $0.busySlots = 2 }
        #expect(events.snapshot.nodes.first?.slots == 4 && events.snapshot.nodes.first?.busySlots == 3)
        for second in 1...16 {
            events.now = Double(second)
            try events.heartbeat(1, session: 2) { $0.busySlots = 2 }
        }
        #expect(events.snapshot.nodes.first?.slots == 2)
    }

    @Test func aNodeThatTheMasterNoLongerKnowsIsForgotten() throws {
        var events = Events()
        try events.state(1, .left)
        try events.state(2, .attached)
        for second in 1...12 {
            events.now = Double(second)
            try events.beacon(sequence: UInt64(second))
            try events.state(2, .attached)
        }
        #expect(events.snapshot.nodes.map(\.nodeId) == [2])
    }

    @Test func whatIsNoEventChangesNothing() throws {
        var events = Events()
        #expect(events.model.take(topic: "beacon", payload: [0xFF, 0xFF], at: 0) == .nothing)
        #expect(events.model.take(topic: "job/3", payload: [], at: 0) == .nothing)
        #expect(events.model.take(topic: "", payload: [], at: 0) == .nothing)
        #expect(events.snapshot.term == nil)
    }

    /// Heartbeats are relayed as workers sent them.
    @Test func noNumberOfAWorkerBreaksTheView() throws {
        var events = Events()
        try events.beacon(sequence: .max) { $0.sentNanoseconds = .max }
        try events.state(1, .attached) { $0.sinceNanoseconds = .min }
        try events.heartbeat(1) { $0.chunksCompleted = 0 }
        events.now = 0.001
        try events.heartbeat(1) { beat in
            beat.loadAverage = .nan
            beat.cpuSeconds = .infinity
            beat.chunksCompleted = .max
            beat.memoryBytes = .min
            beat.memoryUsedBytes = .max
            beat.running = [
                .with {
                    $0.jobID = 1; $0.runningMilliseconds = .max; $0.residentBytes = -1
                }
            ]
        }
        try events.heartbeat(1, session: 2) { $0.memoryBytes = .min }
        let snapshot = events.snapshot
        #expect(!MonitorTable(snapshot: snapshot).lines(width: 80, height: 10).isEmpty)
        #expect(snapshot.nodes.first?.loadAverage == 0)
        #expect(try !JSONEncoder().encode(snapshot).isEmpty)
    }
}
