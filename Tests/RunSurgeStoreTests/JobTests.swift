import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct JobTests {
    @Test func keepsAJobAsItWasSubmitted() async throws {
        let fixture = try await Fixture.make()
        let specification = Fixture.specification("größer \u{0}")
        let job = try await fixture.store.jobs.createJob(specification, owner: fixture.user)
        #expect(job.state == .submitted)
        #expect(job.owner == fixture.user)
        #expect(job.plan == nil && job.outcome == nil && job.startedAt == nil && job.driverEpoch == 0)
        let read = try #require(try await fixture.store.jobs.job(job.id, owner: fixture.user))
        #expect(read.specification == specification)
        #expect(read.createdAt == job.createdAt)
        await fixture.store.close()
    }

    @Test func showsAJobToItsOwnerOnly() async throws {
        let fixture = try await Fixture.make()
        let other = try await fixture.store.accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        let (job, driver) = try await fixture.runningJob()
        _ = try await fixture.openRegion(of: job)
        _ = try await fixture.store.dispatch.appendLogs(
            [LogAppend(job: job, epoch: 1, stream: .standardOutput, offset: 0, bytes: [65])], term: fixture.term)
        let jobs = fixture.store.jobs
        #expect(try await jobs.job(job, owner: other) == nil)
        #expect(try await jobs.ownerOfJob(job) == fixture.user)
        #expect(try await jobs.overviews(owner: other, before: nil, limit: 10).isEmpty)
        #expect(try await jobs.log(of: job, owner: other, stream: .standardOutput, offset: 0, limit: 10) == [])
        #expect(try await jobs.log(of: job, owner: fixture.user, stream: .standardOutput, offset: 0, limit: 10) == [65])
        #expect(try await jobs.regions(of: job, owner: other).isEmpty)
        #expect(try await jobs.regions(of: job, owner: fixture.user).count == 1)
        #expect(try await jobs.requestCancel(job, owner: other) == false)
        #expect(try await jobs.job(job, owner: fixture.user)?.state == .running)
        let script = Fixture.blob(1)
        #expect(try await jobs.mayRead(blob: script.sha256, owner: other) == nil)
        #expect(try await jobs.mayRead(blob: script.sha256, owner: fixture.user) == script)
        #expect(try await jobs.mayRead(blob: "../etc", owner: fixture.user) == nil)
        let outcome = Fixture.outcome()
        #expect(try await jobs.mayRead(blob: outcome.outputs[0].blob.sha256, owner: fixture.user) == nil)
        _ = try await fixture.store.dispatch.finish(
            DriverResult(token: driver, outcome: outcome, failure: nil), term: fixture.term)
        #expect(try await jobs.mayRead(blob: outcome.outputs[0].blob.sha256, owner: fixture.user) != nil)
        #expect(try await jobs.mayRead(blob: outcome.outputs[0].blob.sha256, owner: other) == nil)
        await fixture.store.close()
    }

    @Test func pagesFromTheNewest() async throws {
        let fixture = try await Fixture.make()
        var identifiers: [JobID] = []
        for _ in 0..<5 { identifiers.append(try await fixture.job().id) }
        let newest = try await fixture.store.jobs.overview(of: identifiers[4], owner: fixture.user)
        #expect(newest?.amount == 0)
        let first = try await fixture.store.jobs.overviews(owner: fixture.user, before: nil, limit: 2)
        #expect(first.map(\.id) == [identifiers[4], identifiers[3]])
        let next = try await fixture.store.jobs.overviews(owner: fixture.user, before: first.last?.id, limit: 10)
        #expect(next.map(\.id) == [identifiers[2], identifiers[1], identifiers[0]])
        await fixture.store.close()
    }

    @Test func cancelsWhatHasNotEnded() async throws {
        let fixture = try await Fixture.make()
        let job = try await fixture.job()
        let (running, driver) = try await fixture.runningJob()
        #expect(try await fixture.store.jobs.requestCancel(job.id, owner: fixture.user))
        #expect(try await fixture.store.jobs.requestCancel(job.id, owner: fixture.user) == false)
        #expect(try await fixture.store.jobs.requestCancel(running, owner: fixture.user))
        #expect(try await fixture.store.dispatch.cancelledJobs(among: [job.id, running]) == [job.id, running])
        #expect(try await fixture.store.dispatch.submittedJobs(excluding: [], limit: 10).isEmpty)
        #expect(try await fixture.store.dispatch.unfinishedJobs(excluding: [], limit: 10).isEmpty)
        let verdict = try await fixture.store.dispatch.finish(
            DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil), term: fixture.term)
        #expect(verdict == .stale)
        #expect(try await fixture.store.jobs.job(running, owner: fixture.user)?.state == .cancelled)
        await fixture.store.close()
    }

    @Test func manyJobsAtOnceAreAllKept() async throws {
        let fixture = try await Fixture.make()
        let identifiers = try await withThrowingTaskGroup(of: JobID.self) { group in
            for _ in 0..<50 { group.addTask { try await fixture.job().id } }
            return try await group.reduce(into: Set<JobID>()) { $0.insert($1) }
        }
        #expect(identifiers.count == 50)
        #expect(
            try await fixture.store.dispatch.submittedJobs(excluding: [], limit: 100).map(\.id) == identifiers.sorted())
        await fixture.store.close()
    }
}
