import Foundation
import RunSurgeCore
import RunSurgeMaster
import RunSurgeProtocol
import Testing
import ZeroMQ

@Suite(.timeLimit(.minutes(2))) struct MasterTests {
    @Test func aJobRunsFromItsSubmissionToItsReport() async throws {
        let fixture = try await MasterFixture()
        let worker = try await fixture.worker()
        let job = await fixture.submit()
        try await eventually("completion") { await fixture.store.job(job)?.state == .completed }
        let outcome = try #require(await fixture.store.job(job)?.outcome)
        #expect(outcome.exitStatus == 3)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.report)) as? [String: Any])
        #expect(report["script"] as? String == "s.py")
        #expect(report["exit_status"] as? Int == 3)
        #expect(report["wall_seconds"] as? Double == 1)
        #expect(report["workers"] as? Int == 2)
        #expect(report["python"] as? String == "3.11.2")
        #expect(report["missing_inputs"] as? [String] == ["/job/x.csv"])
        let region = try #require((report["regions"] as? [[String: Any]])?.first)
        #expect(region["measured_peak_bytes"] as? Int == 20 << 20)
        #expect((region["predicted_peak_bytes"] as? Int ?? 0) > 0)
        #expect(region["parallel"] as? Bool == true)
        #expect((region["chunk_cpu_seconds"] as? Double ?? 0) > 0)
        let committed = await worker.committed
        #expect(committed.values.map { $0 } == [Array(0..<Int64(committed.values.first?.count ?? 0))])
        try await eventually("every acknowledgement") { await worker.held.isEmpty }
        #expect(await worker.verdicts.values.allSatisfy { $0 == .accepted })
        try await fixture.stop()
    }

    @Test func manyChunksKeepWithinTheCreditAndAreStoredOnce() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        options.units = 20_000
        options.cuts = Array(0...20_000)
        options.prefetch = 256
        let worker = try await fixture.worker(options)
        let job = await fixture.submit()
        let start = ContinuousClock.now
        try await eventually("completion", within: .seconds(90)) { await fixture.store.job(job)?.state == .completed }
        let seconds = (ContinuousClock.now - start).components.seconds
        #expect(await worker.largestHeld <= 258)
        let records = await fixture.store.regionRecords.values.first
        #expect(records?.results.count == 20_000)
        #expect(seconds < 60)
        try await fixture.stop()
    }

    @Test func aKilledWorkersJobGoesOnElsewhere() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        options.silentChunks = Set(0..<100)
        options.name = "first"
        let first = try await fixture.worker(options, session: 1)
        let job = await fixture.submit()
        try await eventually("chunks at the first") { await first.held.contains { !$0.key.isDriver } }
        await first.kill()
        options.silentChunks = []
        options.name = "second"
        _ = try await fixture.worker(options, session: 2)
        try await eventually("completion", within: .seconds(60)) {
            await fixture.store.job(job)?.state == .completed
        }
        #expect(await fixture.store.losses.contains { $0.cause == .lost })
        try await fixture.stop()
    }

    @Test func cancellingReachesTheWorker() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        options.silentChunks = Set(0..<100)
        let worker = try await fixture.worker(options)
        let job = await fixture.submit()
        try await eventually("chunks") { await worker.held.count > 1 }
        await fixture.store.cancel(job)
        try await eventually("cancellation") { await worker.held.isEmpty }
        #expect(await worker.cancelled.contains { $0.key.isDriver })
        try await fixture.stop()
    }

    @Test func aStoreThatGoesAwayForAWhileLosesNothing() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        options.units = 2_000
        options.cuts = Array(0...2_000)
        let worker = try await fixture.worker(options)
        let job = await fixture.submit()
        for _ in 0..<3 {
            try await eventually("a result") { await worker.verdicts.count > 10 }
            await fixture.store.setAway(true)
            try await Task.sleep(for: .milliseconds(200))
            await fixture.store.setAway(false)
        }
        try await eventually("completion", within: .seconds(60)) {
            await fixture.store.job(job)?.state == .completed
        }
        #expect(await fixture.store.regionRecords.values.first?.results.count == 2_000)
        try await fixture.stop()
    }

    @Test func aSupersededMasterEnds() async throws {
        let fixture = try await MasterFixture()
        _ = try await fixture.worker()
        await fixture.store.supersede()
        _ = await fixture.submit()
        await #expect(throws: MasterError.superseded(term: 1)) { try await fixture.result.get() }
    }

    @Test func aNewMasterTakesOverWhatTheWorkerHolds() async throws {
        let configuration = MasterFixture.configuration()
        let first = try await MasterFixture(configuration: configuration)
        var options = FakeWorker.Options()
        options.silentChunks = [2]
        let worker = try await first.worker(options)
        let job = await first.submit()
        try await eventually("all but one") {
            let verdicts = await worker.verdicts.count
            return await worker.held.count == 2 && verdicts > 2
        }
        let held = await worker.held
        try await first.stop()
        let second = try await MasterFixture(store: first.store, configuration: configuration)
        try await worker.reconnect(session: 2)
        try await eventually("the welcome of the new term") { await worker.welcome?.term == 2 }
        #expect(Set(try await worker.welcome?.keep.map { try LeaseToken(wire: $0) } ?? []) == Set(held))
        #expect(await first.store.job(job)?.state == .running)
        // The silent chunk is given up at last, and the job ends elsewhere.
        await worker.kill()
        options.silentChunks = []
        options.name = "second"
        _ = try await second.worker(options, session: 3)
        try await eventually("completion", within: .seconds(60)) {
            await second.store.job(job)?.state == .completed
        }
        try await second.stop()
        await first.sockets.shutdown()
    }

    // MARK: Who is let in

    @Test(arguments: [(UInt32(2), UInt32(3), "upgrade the master"), (0, 0, "upgrade the worker")])
    func anotherVersionIsRefusedWithWhatToUpgrade(lowest: UInt32, highest: UInt32, advice: String) async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        (options.lowestVersion, options.highestVersion) = (lowest, highest)
        let worker = try await fixture.worker(options)
        try await eventually("refusal") { await worker.refusal?.code == "version" }
        let refusal = try #require(await worker.refusal)
        #expect(refusal.reason.contains(advice) && refusal.reason.contains("RSP/\(lowest) to RSP/\(highest)"))
        #expect(!refusal.retry)
        try await fixture.stop()
    }

    @Test func theNewestCommonVersionIsSpoken() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        (options.lowestVersion, options.highestVersion) = (0, 9)
        let worker = try await fixture.worker(options)
        try await eventually("welcome") { await worker.welcome != nil }
        #expect(await worker.welcome?.version == FrameCodec.versions.upperBound)
        try await fixture.stop()
    }

    @Test func workersThatGreetAtOnceShareACommit() async throws {
        let fixture = try await MasterFixture()
        await fixture.store.setAway(true)
        var workers: [FakeWorker] = []
        for number in 0..<200 {
            var options = FakeWorker.Options()
            options.name = "worker \(number)"
            workers.append(try await fixture.worker(options, session: UInt64(number + 1)))
        }
        await fixture.store.setAway(false)
        for worker in workers { try await eventually("welcome") { await worker.welcome != nil } }
        #expect(await fixture.store.nodes.count == 200)
        #expect(Set(await fixture.store.nodes.values).count == 200)
        // What arrives while one commit is awaited is the next.
        #expect(await fixture.store.attachments < 50)
        try await fixture.stop()
    }

    @Test func beyondTheLimitAWorkerIsToldToComeAgain() async throws {
        var configuration = MasterFixture.configuration()
        configuration.sessions = 1
        let fixture = try await MasterFixture(configuration: configuration)
        let first = try await fixture.worker(session: 1)
        try await eventually("welcome") { await first.welcome != nil }
        let second = try await fixture.worker(session: 2)
        try await eventually("refusal") { await second.refusal?.code == "full" }
        #expect(await second.refusal?.retry == true)
        #expect(await second.welcome == nil)
        try await fixture.stop()
    }

    @Test func theWelcomeSaysWhereEverythingIs() async throws {
        let configuration = MasterFixture.configuration()
        let fixture = try await MasterFixture(configuration: configuration)
        let worker = try await fixture.worker()
        try await eventually("welcome") { await worker.welcome != nil }
        let welcome = try #require(await worker.welcome)
        #expect(welcome.term == 1)
        #expect(welcome.nodeID == 1)
        #expect(welcome.blobURL == "http://127.0.0.1:1")
        #expect(configuration.blobPasses.admits(welcome.blobToken))
        #expect(!configuration.blobPasses.admits("blob"))
        #expect(welcome.serverKeys.isEmpty)
        #expect(welcome.blobDirectory == "/blobs")
        #expect(welcome.leaseMilliseconds == 30_000)
        #expect(welcome.resultsEndpoint == fixture.endpoints.results)
        try await fixture.stop()
    }

    @Test func aSessionNobodyKnowsIsToldToGreetAgain() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        options.slots = 0
        let worker = try await fixture.worker(options, session: 5)
        try await eventually("refusal") { await worker.refusal?.code == "invalid" }
        var message = WireWorkerMessage()
        message.session = 5
        message.pull.freeSlots = 5
        try await worker.sendRaw([FrameCodec.encode(message)])
        try await eventually("the next refusal") { await worker.refusal?.code == "unknown_session" }
        #expect(await worker.refusal?.retry == true)
        try await fixture.stop()
    }

    // MARK: Drain

    @Test func aDrainedNodeIsGivenNothingUntilItsNextSession() async throws {
        let fixture = try await MasterFixture()
        let worker = try await fixture.worker()
        try await eventually("welcome") { await worker.welcome != nil }
        let node = NodeID(try #require(await worker.welcome?.nodeID))
        await fixture.store.setDraining([node])
        try await eventually("the drain") { await worker.drains == 1 }
        let job = await fixture.submit()
        // The job is planned, and loaded with the next wake-up.
        try await eventually("the plan") { await fixture.store.job(job)?.state == .pendingSchedule }
        try await worker.reconnect(session: 2)
        try await eventually("the drain of the next session") { await worker.drains == 2 }
        #expect(await worker.held.isEmpty)
        await fixture.store.setDraining([])
        try await eventually("word that it is over") { await worker.refusal?.code == "drain_over" }
        #expect(await worker.refusal?.retry == true)
        try await worker.reconnect(session: 3)
        try await eventually("completion") { await fixture.store.job(job)?.state == .completed }
        try await fixture.stop()
    }

    // MARK: Bad input

    @Test func nonsenseNeverStopsTheMaster() async throws {
        let fixture = try await MasterFixture()
        let worker = try await fixture.worker()
        try await eventually("welcome") { await worker.welcome != nil }
        for length in [0, 1, 7, 100, 4_096] {
            let noise = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            try await worker.sendRaw([noise])
            try await worker.sendRaw([noise, noise, noise])
            try await worker.sendRawResult(noise)
        }
        var stranger = WireWorkerMessage()
        stranger.session = 999
        stranger.pull.freeSlots = 5
        try await worker.sendRaw([FrameCodec.encode(stranger)])
        let job = await fixture.submit()
        try await eventually("completion") { await fixture.store.job(job)?.state == .completed }
        try await fixture.stop()
    }

    @Test func aScriptThatCannotBeAnalysedRunsUnsplit() async throws {
        struct Broken: Error {}
        let fixture = try await MasterFixture(syntax: FixedSyntax { throw Broken() })
        var options = FakeWorker.Options()
        options.units = 0
        _ = try await fixture.worker(options)
        let job = await fixture.submit()
        try await eventually("completion") { await fixture.store.job(job)?.state == .completed }
        let plan = String(decoding: await fixture.store.job(job)?.plan ?? [], as: UTF8.self)
        #expect(plan.contains("could not be analysed"))
        try await fixture.stop()
    }

    // MARK: Logs and events

    @Test func logsAreKeptOnceAndAcknowledged() async throws {
        let fixture = try await MasterFixture()
        var options = FakeWorker.Options()
        options.silentChunks = Set(0..<100)
        let worker = try await fixture.worker(options)
        let job = await fixture.submit()
        try await eventually("the driver") { await worker.held.contains { $0.key.isDriver } }
        let driver = try #require(await worker.held.first { $0.key.isDriver })
        try await worker.sendLog("hello ", offset: 0, driver: driver)
        try await worker.sendLog("hello ", offset: 0, driver: driver)
        try await worker.sendLog("world", offset: 6, driver: driver)
        try await eventually("acknowledgement") { await worker.logPositions.last?.offset == 11 }
        #expect(await fixture.store.logs[job]?[.standardOutput] == Array("hello world".utf8))
        try await fixture.stop()
    }

    @Test func eventsTellOfJobsAndTheBeaconOfTheTerm() async throws {
        let fixture = try await MasterFixture()
        var options = SocketOptions()
        options.subscriptions = [Array("beacon".utf8), Array("job/".utf8), Array("node/".utf8)]
        let monitor = try await fixture.sockets.open(
            SocketConfiguration(.sub, connect: [fixture.endpoints.events], options: options))
        let iterator = monitor.messages.makeAsyncIterator()
        let beacon = try #require(await iterator.next())
        #expect(beacon.frames[0] == Array("beacon".utf8))
        #expect(try FrameCodec.decode(WireBeacon.self, from: beacon.frames[1]).term == 1)
        _ = try await fixture.worker()
        let job = await fixture.submit()
        var states: [String] = []
        while states.last != "completed", let message = await iterator.next() {
            guard message.frames[0] == Array("job/\(job)".utf8) else { continue }
            states.append(try FrameCodec.decode(WireJobEvent.self, from: message.frames[1]).state)
        }
        #expect(states.last == "completed")
        try await fixture.stop()
    }

    @Test func heartbeatsOfAttachedWorkersAreRelayed() async throws {
        let fixture = try await MasterFixture()
        let worker = try await fixture.worker(session: 77)
        try await eventually("welcome") { await worker.welcome != nil }
        var options = SocketOptions()
        options.subscriptions = [Array("node/".utf8)]
        let monitor = try await fixture.sockets.open(
            SocketConfiguration(.sub, connect: [fixture.endpoints.events], options: options))
        let publisher = try await fixture.sockets.open(
            SocketConfiguration(.pub, connect: [fixture.endpoints.heartbeats]))
        func heartbeat(_ session: UInt64, _ slots: UInt32) throws -> [Frame] {
            var heartbeat = WireHeartbeat()
            heartbeat.session = session
            heartbeat.nodeID = 1
            heartbeat.slots = slots
            return [Array("node/1".utf8), try FrameCodec.encode(heartbeat)]
        }
        let sending = Task {
            while !Task.isCancelled {
                try publisher.send(heartbeat(78, 13))
                try publisher.send(heartbeat(77, 2))
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let iterator = monitor.messages.makeAsyncIterator()
        for _ in 0..<5 {
            let message = try #require(await iterator.next())
            #expect(message.frames[0] == Array("node/1".utf8))
            #expect(try FrameCodec.decode(WireHeartbeat.self, from: message.frames[1]).slots == 2)
        }
        sending.cancel()
        try await fixture.stop()
    }
}
