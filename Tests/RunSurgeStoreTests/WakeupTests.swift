import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct WakeupTests {
    private func duration(_ body: () async throws -> Void) async rethrows -> Duration {
        let start = ContinuousClock.now
        try await body()
        return ContinuousClock.now - start
    }

    @Test func aSubmissionWakesTheScheduler() async throws {
        let fixture = try await Fixture.make()
        let other = try await Store.open(StoreConfiguration(fixture.configuration, connections: 3))
        // The first wait may end at once: what came before is unknown.
        try await fixture.store.dispatch.waitForWork(within: .milliseconds(200))
        try await other.dispatch.waitForWork(within: .milliseconds(200))
        async let here = duration { try await fixture.store.dispatch.waitForWork(within: .seconds(30)) }
        async let there = duration { try await other.dispatch.waitForWork(within: .seconds(30)) }
        _ = try await fixture.job()
        #expect(try await here < .seconds(5))
        #expect(try await there < .seconds(5), "in another process, by NOTIFY")
        await fixture.store.close()
        await other.close()
    }

    @Test func aSubmissionBeforeTheWaitIsNotMissed() async throws {
        let fixture = try await Fixture.make()
        _ = try await fixture.job()
        #expect(try await duration { try await fixture.store.dispatch.waitForWork(within: .seconds(30)) } < .seconds(5))
        await fixture.store.close()
    }

    @Test func aWaitEndsInTime() async throws {
        let fixture = try await Fixture.make()
        try await fixture.store.dispatch.waitForWork(within: .milliseconds(200))
        let waited = try await duration { try await fixture.store.dispatch.waitForWork(within: .milliseconds(50)) }
        #expect(waited >= .milliseconds(50) && waited < .seconds(5))
        await fixture.store.close()
    }

    @Test func aWaitEndsWithItsTask() async throws {
        let fixture = try await Fixture.make()
        let job = try await fixture.job().id
        let task = Task {
            while true { try await fixture.store.jobs.waitForChange(of: job, within: .seconds(60)) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await fixture.store.close()
    }

    @Test(arguments: ["plan", "log", "finish", "cancel"]) func aChangeWakesWhoLooksAtTheJob(change: String) async throws
    {
        let fixture = try await Fixture.make()
        let other = try await Store.open(StoreConfiguration(fixture.configuration, connections: 3))
        let (job, driver) = change == "plan" ? (try await fixture.job().id, nil) : try await fixture.runningJob()
        // Whoever waits and looks, again and again, sees the change long before the wait's end.
        let before = try await Self.picture(of: job, other, fixture.user)
        let seen = Task {
            while try await Self.picture(of: job, other, fixture.user) == before {
                try await other.jobs.waitForChange(of: job, within: .seconds(30))
            }
        }
        let waited = try await duration {
            switch change {
            case "plan": try await fixture.store.dispatch.storePlan([1], job: job, term: fixture.term)
            case "log":
                _ = try await fixture.store.dispatch.appendLogs(
                    [LogAppend(job: job, epoch: 1, stream: .standardOutput, offset: 0, bytes: [1])], term: fixture.term)
            case "finish":
                _ = try await fixture.store.dispatch.finish(
                    DriverResult(token: driver!, outcome: Fixture.outcome(), failure: nil), term: fixture.term)
            default: _ = try await fixture.store.jobs.requestCancel(job, owner: fixture.user)
            }
            try await seen.value
        }
        #expect(waited < .seconds(10))
        await fixture.store.close()
        await other.close()
    }

    private static func picture(of job: JobID, _ store: Store, _ user: UserID) async throws -> String {
        let state = try await store.jobs.job(job, owner: user)?.state.rawValue ?? ""
        let log = try await store.jobs.log(of: job, owner: user, stream: .standardOutput, offset: 0, limit: 10)
        return "\(state) \(log)"
    }
}
