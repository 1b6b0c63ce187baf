import CoreMetrics
import Foundation
import MetricsTestKit
import RunSurgeCore
import RunSurgeMaster
import RunSurgeProtocol
import Testing
import ZeroMQ

/// What the master says to monitoring tools, over real sockets.
@Suite(.timeLimit(.minutes(2))) struct MonitoringTests {
    private func subscribe(_ fixture: MasterFixture, _ topics: String...) async throws -> SocketHandle {
        var options = SocketOptions()
        options.subscriptions = topics.map { Array($0.utf8) }
        return try await fixture.sockets.open(
            SocketConfiguration(.sub, connect: [fixture.endpoints.events], options: options))
    }

    @Test func everyNodeIsToldOfOnceASecondAndAtEveryChange() async throws {
        let fixture = try await MasterFixture()
        let monitor = try await subscribe(fixture, "node-state/")
        var options = FakeWorker.Options()
        options.name = "alpha"
        let worker = try await fixture.worker(options)
        let iterator = monitor.messages.makeAsyncIterator()
        for _ in 0..<2 {
            let message = try #require(await iterator.next())
            #expect(message.frames[0] == Array("node-state/1".utf8))
            let state = try FrameCodec.decode(WireNodeState.self, from: message.frames[1])
            #expect(state.state == .attached && state.nodeName == "alpha" && state.slots == 2)
            #expect(abs(Double(state.sinceNanoseconds) / 1e9 - Date().timeIntervalSince1970) < 30)
        }
        try await worker.goodbye()
        var last = WireNodeState.State.attached
        while last == .attached, let message = await iterator.next() {
            last = try FrameCodec.decode(WireNodeState.self, from: message.frames[1]).state
        }
        #expect(last == .left)
        try await eventually("the history") { await fixture.store.nodeLog.map(\.kind) == [.attached, .left] }
        #expect(await fixture.store.deadNodes == [NodeID(1)])
        try await fixture.stop()
    }

    @Test func aWorkerThatIsKilledIsDeadWithinTheTimeout() async throws {
        var configuration = MasterFixture.configuration()
        configuration.dispatch.nodeTimeout = .seconds(2)
        configuration.dispatch.reconnectGrace = .seconds(1)
        let fixture = try await MasterFixture(configuration: configuration)
        let monitor = try await subscribe(fixture, "node-state/")
        let worker = try await fixture.worker()
        try await eventually("welcome") { await worker.welcome != nil }
        let killed = ContinuousClock.now
        await worker.kill()
        var seen: [WireNodeState.State] = []
        while seen.last != .dead, let message = await monitor.messages.makeAsyncIterator().next() {
            let state = try FrameCodec.decode(WireNodeState.self, from: message.frames[1]).state
            if seen.last != state { seen.append(state) }
        }
        #expect(ContinuousClock.now - killed < .seconds(5))
        #expect(seen.last == .dead)
        try await eventually("its row to say so") { await fixture.store.deadNodes == [NodeID(1)] }
        try await fixture.stop()
    }

    @Test func aNewMasterFindsOutWhoDidNotComeBack() async throws {
        var configuration = MasterFixture.configuration()
        configuration.dispatch.nodeTimeout = .seconds(1)
        let store = MemoryDispatchStore()
        _ = try await store.attachNode(name: "gone", owner: nil, slots: 1, memory: 1, term: try await store.beginTerm())
        let fixture = try await MasterFixture(store: store, configuration: configuration)
        try await eventually("the row") { await store.deadNodes == [NodeID(1)] }
        #expect(await store.nodeLog.map(\.kind) == [.dead])
        try await fixture.stop()
    }

    @Test func theBeaconTellsOfWhatWaitsAndWhatWasDone() async throws {
        let fixture = try await MasterFixture()
        let monitor = try await subscribe(fixture, "beacon")
        var options = FakeWorker.Options()
        options.silentChunks = [3]
        let worker = try await fixture.worker(options)
        _ = await fixture.submit()
        try await eventually("all but one") {
            let verdicts = await worker.verdicts.count
            return await worker.held.count == 2 && verdicts > 2
        }
        let iterator = monitor.messages.makeAsyncIterator()
        var beacon = WireBeacon()
        while beacon.oldestLeaseMilliseconds == 0 || beacon.chunksAccepted == 0 || beacon.leasedChunks != 1,
            let message = await iterator.next()
        {
            beacon = try FrameCodec.decode(WireBeacon.self, from: message.frames[1])
        }
        #expect(beacon.term == 1 && beacon.nodes == 1 && beacon.slots == 2 && beacon.runningJobs == 1)
        #expect(beacon.chunksAccepted == UInt64(await worker.verdicts.count))
        try await worker.sendRaw([[0xFF, 0xFF]])
        while beacon.badMessages == 0, let message = await iterator.next() {
            beacon = try FrameCodec.decode(WireBeacon.self, from: message.frames[1])
        }
        #expect(beacon.badMessages == 1)
        try await fixture.stop()
    }

    @Test func whatTheMasterDoesIsCounted() async throws {
        let metrics = TestMetrics()
        var configuration = MasterFixture.configuration()
        configuration.metrics = metrics
        let fixture = try await MasterFixture(configuration: configuration)
        var options = FakeWorker.Options()
        options.units = 50
        options.cuts = Array(0...50)
        _ = try await fixture.worker(options)
        let job = await fixture.submit()
        try await eventually("completion") { await fixture.store.job(job)?.state == .completed }
        let accepted = try metrics.expectCounter(MetricName.results.rawValue, [("verdict", "accepted")])
        #expect(accepted.totalValue == 50)
        #expect(try metrics.expectCounter(MetricName.unitsAssigned.rawValue).totalValue == 51, "and the driver")
        try await eventually("the job to be counted, once its end is stored") {
            try metrics.expectCounter(MetricName.jobsEnded.rawValue, [("state", "completed")]).totalValue == 1
        }
        let commits = try metrics.expectTimer(MetricName.storeCommit.rawValue, [("write", "results")])
        let rows = try metrics.expectRecorder(MetricName.storeRows.rawValue, [("write", "results")])
        #expect(!commits.values.isEmpty && rows.values.reduce(0, +) == 50)
        try await eventually("the sockets' counters") {
            try metrics.expectCounter(MetricName.socketReceived.rawValue, [("socket", "work")]).totalValue > 0
        }
        try await eventually("the gauges") {
            try metrics.expectMeter(MetricName.nodes.rawValue, [("state", "attached")]).lastValue == 1
        }
        try await fixture.stop()
    }

    @Test func theClockTicksAsLongAsTheMasterLeads() async throws {
        var configuration = MasterFixture.configuration()
        let pulse = MasterPulse()
        configuration.pulse = pulse
        #expect(pulse.silence == nil)
        let fixture = try await MasterFixture(configuration: configuration)
        try await eventually("a tick") { pulse.silence != nil }
        #expect(pulse.silence.map { $0 < .seconds(20) } == true)
        try await fixture.stop()
        #expect(pulse.silence == nil)
    }
}
