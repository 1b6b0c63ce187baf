import Foundation
import PostgreSQL
import Testing

/// The leader goes in the middle of a job; somebody leads on, and the result is identical.
@Suite(.serialized) struct StandbyTests {
    enum Fault: String, CaseIterable, Sendable {
        case killed, stoppedInOrder, cutOffFromTheDatabase
    }

    @Test(arguments: Fault.allCases)
    func theJobGoesOnWhenTheLeaderIs(_ fault: Fault) async throws {
        let group = try await MasterGroup.local(2)
        let leader = try await group.startMaster(0)
        let standby = try await group.startMaster(1)
        #expect(try await group.role(of: 0) == "leader")
        #expect(try await group.role(of: 1) == "standby")
        let (workers, workload, job) = try await startJob(on: group)

        switch fault {
        case .killed: leader.kill()
        case .stoppedInOrder: leader.terminate()
        case .cutOffFromTheDatabase: try await cutLeaderOff(group)
        }

        if fault != .cutOffFromTheDatabase {
            try await eventually("the standby to lead", within: .seconds(10)) {
                try await group.role(of: 1) == "leader"
            }
        }
        let report = try await group.expectIdentical(job, workload)
        #expect(report.chunks == 240, "every chunk of the two loops once")
        if fault == .cutOffFromTheDatabase {
            // Whoever is quicker: the leader may have its lock back before the standby asks for it.
            let roles = [try await group.role(of: 0), try await group.role(of: 1)]
            #expect(Set(roles) == ["leader", "standby"], "\(roles)")
        }
        for worker in workers { #expect(worker.isRunning) }
        try await group.stop(workers + [standby, leader])
    }

    /// Standing still is as bad as being gone; but it comes back, and must not write.
    @Test func aLeaderThatStandsStillIsDeposed() async throws {
        let group = try await MasterGroup.local(2)
        let leader = try await group.startMaster(0)
        let standby = try await group.startMaster(1)
        let (workers, workload, job) = try await startJob(on: group)

        kill(leader.identifier, SIGSTOP)
        // A client that asks a stopped master waits; the standby answers at once.
        try await eventually("the standby to lead", within: .seconds(60)) {
            try await group.role(of: 1) == "leader"
        }
        kill(leader.identifier, SIGCONT)

        try await eventually("the former leader to stand by") { try await group.role(of: 0) == "standby" }
        try await group.expectIdentical(job, workload)
        try await group.stop(workers + [leader, standby])
    }

    @Test func aMasterThatIsNotToStandByEnds() async throws {
        let group = try await MasterGroup.local(2)
        let leader = try await group.startMaster(0)
        let error = await #expect(throws: ClusterError.self) {
            _ = try await group.startMaster(1, arguments: ["--no-standby"])
        }
        #expect("\(String(describing: error))".contains("Another master leads"))
        try await group.stop([leader])
    }

    /// Returns once some of the job's chunks are done.
    private func startJob(
        on group: MasterGroup
    ) async throws -> (workers: [ChildProcess], workload: Workload, job: Int) {
        try await group.register()
        var workers: [ChildProcess] = []
        for number in 1...2 { workers.append(try await group.attachWorker(name: "worker \(number)")) }
        let workload = try await Workload(lines: 12_000, logs: group.logs)
        let job = try await group.submit(workload)
        try await group.chunks(of: job, reach: 10)
        return (workers, workload, job)
    }

    private func cutLeaderOff(_ group: MasterGroup) async throws {
        let connection = try await Connection.connect(group.server.connection)
        let rows = try await connection.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND classid = 1381190732
            """)
        #expect(rows.count == 1)
        await connection.close()
    }
}
