import Foundation
import Logging
import RunSurgeCore
import RunSurgeMaster
import RunSurgeProtocol
import Testing
import ZeroMQ

/// Several masters on one database: one leads at a time, and what it had begun goes on under the next.
@Suite(.timeLimit(.minutes(2))) struct StandbyTests {
    /// One of the masters, as a process of its own would have it.
    private struct Candidate {
        let master: Master
        let standing = MasterStanding()
        let sockets: SocketThread
        let running: Task<Void, any Error>
        private let folder: String

        init(
            store: MemoryDispatchStore, blobs: MemoryBlobStore, election: MemoryElection, standsBy: Bool = true
        ) throws {
            sockets = try SocketThread(name: "test")
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            var configuration = MasterFixture.configuration()
            configuration.standsBy = standsBy
            folder = configuration.localFolder
            let master = Master(
                store: store, blobs: blobs, syntax: FixedSyntax(), sockets: sockets, election: election,
                standing: standing, configuration: configuration, logger: logger)
            self.master = master
            running = Task { try await master.run() }
        }

        func stop() async throws {
            running.cancel()
            try await running.value
            await sockets.shutdown()
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    private let store = MemoryDispatchStore()
    private let blobs = MemoryBlobStore()
    private let election = MemoryElection()

    private func candidate(standsBy: Bool = true) throws -> Candidate {
        try Candidate(store: store, blobs: blobs, election: election, standsBy: standsBy)
    }

    @Test func theStandbyTakesOverWhatTheLeaderHadBegun() async throws {
        let leader = try candidate()
        let endpoints = try await leader.master.endpoints.local
        #expect(leader.standing.role == .leading(term: 1))
        let standby = try candidate()
        #expect(try await standby.master.firstRole == .standby)
        let sockets = try SocketThread(name: "workers")
        var options = FakeWorker.Options()
        options.silentChunks = [2]
        let first = FakeWorker(
            options, sockets: sockets, work: endpoints.work, results: endpoints.results, session: 1)
        try await first.start()
        let script = FileEntry(
            path: "/job/s.py", blob: await blobs.add(Array("pass".utf8)), modifiedNanoseconds: 0, mode: 0o644)
        let job = await store.submit(JobSpecification(name: "s", script: script, minSplitSeconds: 0))
        try await eventually("all but one") {
            let verdicts = await first.verdicts.count
            return await first.held.count == 2 && verdicts > 2
        }
        let held = await first.held

        try await leader.stop()

        #expect(await first.refusal?.code == "stopping", "a master that ends in order sends its workers away")
        #expect(await first.refusal?.retry == true)
        let next = try await standby.master.endpoints.local
        #expect(standby.standing.role == .leading(term: 2))
        // What the worker does by itself: it greets the next master with what it holds.
        let second = FakeWorker(options, sockets: sockets, work: next.work, results: next.results, session: 2)
        await second.adopt(held)
        try await second.start()
        try await eventually("the welcome") { await second.welcome?.term == 2 }
        #expect(Set(try await second.welcome?.keep.map { try LeaseToken(wire: $0) } ?? []) == Set(held))
        #expect(await store.job(job)?.state == .running)
        try await standby.stop()
        await sockets.shutdown()
    }

    @Test func aLostConnectionIsNoLostLeadWhenNobodyElseTakesIt() async throws {
        let leader = try candidate()
        _ = try await leader.master.endpoints
        election.depose(successor: false)
        try await eventually("the lead is held again") { election.isHeld }
        #expect(leader.standing.role == .leading(term: 1), "the term goes on")
        try await leader.stop()
    }

    @Test func aDeposedLeaderStandsByAndComesBackWhereItWas() async throws {
        let leader = try candidate()
        let endpoints = try await leader.master.endpoints.local
        let other = try #require(election.depose(successor: true))
        try await eventually("it stands by") { leader.standing.role == .standby }
        await other.release()
        try await eventually("it leads again") { leader.standing.role == .leading(term: 2) }
        let sockets = try SocketThread(name: "workers")
        let worker = FakeWorker(sockets: sockets, work: endpoints.work, results: endpoints.results, session: 1)
        try await worker.start()
        try await eventually("the welcome") { await worker.welcome?.term == 2 }
        try await leader.stop()
        await sockets.shutdown()
    }

    @Test func aFencedLeaderStandsBy() async throws {
        let leader = try candidate()
        let endpoints = try await leader.master.endpoints.local
        await store.supersede()
        let sockets = try SocketThread(name: "workers")
        let worker = FakeWorker(sockets: sockets, work: endpoints.work, results: endpoints.results, session: 1)
        try await worker.start()
        try await eventually("its next term") { leader.standing.role == .leading(term: 3) }
        try await leader.stop()
        await sockets.shutdown()
    }

    @Test func whoIsNotToStandByEnds() async throws {
        let leader = try candidate()
        _ = try await leader.master.endpoints.local
        let other = try candidate(standsBy: false)
        await #expect(throws: MasterError.anotherLeads) { try await other.running.value }
        await #expect(throws: MasterError.anotherLeads) { _ = try await other.master.firstRole }
        await other.sockets.shutdown()
        try await leader.stop()
    }
}
