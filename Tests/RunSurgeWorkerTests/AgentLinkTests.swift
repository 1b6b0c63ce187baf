import RunSurgeCore
import RunSurgeProtocol
import Testing

@testable import RunSurgeWorker

/// How an agent and its master keep in touch.
@Suite(.serialized) struct AgentLinkTests {
    private static let slow = "import time\nprint('up', flush=True)\ntime.sleep(600)"

    @Test func saysWhoItIsAndWhatItCanTake() async throws {
        let agent = try await AgentFixture(slots: 3)
        let hello = try #require(await agent.master.hellos.first)
        #expect(hello.nodeName == "tester")
        #expect(hello.slots == 3)
        #expect(hello.pythonVersion.hasPrefix("3."))
        let interpreter = try #require(await agent.worker.parts?.launcher.sandbox.interpreter)
        #expect(hello.modules == interpreter.modules)
        #expect(await agent.master.pulls.first?.freeSlots == 3)
        await eventually("a heartbeat") { await agent.master.beats.contains { $0.nodeID == 5 && $0.slots == 3 } }
        #expect(FileStatus(agent.folder.path + "/agent/attached") != nil)
        await agent.stopAll()
        #expect(FileStatus(agent.folder.path + "/agent/attached") == nil)
    }

    @Test func anIdleAgentSaysLittle() async throws {
        let agent = try await AgentFixture()
        let pulls = await agent.master.pulls.count
        let beats = await agent.master.beats.count
        await eventually("ten heartbeats") { await agent.master.beats.count > beats + 10 }
        // Two seconds, in which at most one renewal is due.
        #expect(await agent.master.pulls.count <= pulls + 1)
        await agent.stopAll()
    }

    @Test func aSecondAgentInTheSameFolderIsTurnedAway() async throws {
        let agent = try await AgentFixture()
        var configuration = agent.worker.configuration
        configuration.name = "second"
        let second = Worker(
            configuration: configuration, sockets: agent.sockets, blobs: { _ in agent.blobs },
            logger: agent.worker.logger)
        let error = await #expect(throws: WorkerError.self) { try await second.run() }
        #expect("\(try #require(error))".contains("Another worker uses"))
        await agent.stopAll()
    }

    @Test func aNewTermKeepsTheRunningDriver() async throws {
        let agent = try await AgentFixture()
        let master = agent.master
        let script = try await agent.blobs.entry(
            "/job/script.py",
            "import os, time\nprint('up', flush=True)\ntime.sleep(1.5)\nprint('done')")
        try await master.assignDriver(JobSpecification(name: "test", script: script))
        await eventually("the script runs") { await !master.segments.isEmpty }
        await master.beginTerm()
        await eventually("a second greeting") { await master.hellos.count >= 2 }
        #expect(await master.hellos.last?.held.map(\.jobID) == [1])
        await eventually("the outcome") { await master.driverOutcome() != nil }
        let outcome = try #require(await master.driverOutcome())
        #expect(try await agent.output(outcome) == "up\ndone\n")
        #expect(outcome.exitStatus == 0)
        await agent.stopAll()
    }

    @Test func unacknowledgedResultsSurviveTheAgentsDeath() async throws {
        let folder = try TestFolder()
        let first = try await AgentFixture(folder: folder)
        let (master, blobs) = (first.master, first.blobs)
        await master.setAcknowledging(false)
        let outcome = try await first.run("print('kept')")
        await first.stop()
        let count = await master.received.count
        await master.setAcknowledging(true)
        let second = try await AgentFixture(folder: folder, master: master, blobs: blobs)
        await eventually("the result again") { await master.received.count > count }
        let again = try #require(await master.received.last)
        #expect(again.driver == outcome)
        #expect(again.lease.epoch == 1)
        await eventually("an empty spool") {
            FileTree.names(in: folder.path + "/agent/spool").allSatisfy {
                FileStatus("\(folder.path)/agent/spool/\($0)")?.size == 0
            }
        }
        await second.stopAll()
    }

    @Test func aLeaseThatNobodyRenewsEndsItsProcess() async throws {
        let agent = try await AgentFixture()
        let master = agent.master
        await master.setLease(1_500)
        await master.beginTerm()
        await eventually("a session with a short lease") { await master.attachments >= 2 }
        let script = try await agent.blobs.entry("/job/script.py", Self.slow)
        try await master.assignDriver(JobSpecification(name: "test", script: script))
        await eventually("the script runs") { await !master.segments.isEmpty }
        await master.stop()
        await eventually("the script is gone") { await agent.worker.machine.isIdle }
        await agent.stop()
    }

    @Test func drainingEndsWithAGoodbye() async throws {
        let agent = try await AgentFixture()
        agent.worker.events.post(.shutdown)
        await eventually("a goodbye") { await !agent.master.goodbyes.isEmpty }
        await agent.stopAll()
    }

    @Test func messagesThatMakeNoSenseAreDropped() async throws {
        let agent = try await AgentFixture()
        let master = agent.master
        let peer = try #require(await master.peer)
        for payload: [UInt8] in [[], [0xff, 0xff, 0xff], Array(repeating: 7, count: 1_000)] {
            try master.work.send([peer, payload])
        }
        var item = WireWorkItem()
        item.lease.jobID = -1
        try await master.send(.assign(.with { $0.items = [item, WireWorkItem()] }))
        var path = WireWorkItem()
        path.lease = await master.token(job: 9)
        path.driver.job.jobID = 9
        path.driver.job.workingDirectory = "/job/../etc"
        try await master.send(.assign(.with { $0.items = [path] }))
        let outcome = try await agent.run("print('still here')")
        #expect(try await agent.output(outcome) == "still here\n")
        await agent.stopAll()
    }

    @Test func aRegionWithoutItsContextIsGivenBackAndAskedForAgain() async throws {
        let agent = try await AgentFixture()
        let master = agent.master
        var item = WireWorkItem()
        item.lease = await master.token(job: 1, region: 10, chunk: 0)
        item.chunk.lastUnit = 5
        try await master.send(.assign(.with { $0.items = [item] }))
        await eventually("a refusal") { await !master.nacks.isEmpty }
        await eventually("a new session") { await master.hellos.count >= 2 }
        await agent.stopAll()
    }
}
