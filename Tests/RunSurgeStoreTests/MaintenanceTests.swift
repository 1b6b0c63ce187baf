import Foundation
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct MaintenanceTests {
    @Test func whatAJobLeavesIsPutAwayInSteps() async throws {
        let fixture = try await Fixture.make()
        let store = fixture.store
        let (job, driver) = try await fixture.runningJob()
        let region = try await fixture.openRegion(of: job)
        let tokens = (0..<300).map { fixture.token(region, Int64($0), epoch: 2) }
        try await fixture.lease(tokens)
        _ = try await store.dispatch.accept(tokens.map { Fixture.result($0) }, term: fixture.term)
        #expect(try await store.sweep(limit: 1_000, grace: .zero) == 0, "the job runs")
        let before = try await store.jobs.regions(of: job, owner: fixture.user)
        let attempts = try await store.dispatch.attempts(of: job)
        #expect(attempts.total == 601)
        _ = try await store.dispatch.finish(
            DriverResult(token: driver, outcome: Fixture.outcome(), failure: nil), term: fixture.term)
        #expect(try await store.sweep(limit: 1_000, grace: .seconds(3600)) == 0, "it has just ended")
        var steps: [Int] = []
        repeat { steps.append(try await store.sweep(limit: 200, grace: .zero)) } while steps.last != 0
        // 300 results, and their leases as one run.
        #expect(steps == [200, 101, 0])
        #expect(try await store.dispatch.results(of: region.id, from: 0, limit: 1).isEmpty)
        let after = try await store.jobs.regions(of: job, owner: fixture.user)
        #expect(after.map(\.completed) == [300])
        #expect(after.map(\.records) == before.map(\.records))
        #expect(after.map(\.measuredPeak) == before.map(\.measuredPeak))
        #expect(try await store.dispatch.attempts(of: job) == attempts)
        await store.close()
    }

    @Test func aBlobStaysAsLongAsAJobNeedsIt() async throws {
        let fixture = try await Fixture.make()
        let folder = FileManager.default.temporaryDirectory.path + "/runsurge-blobs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let blobs = try FileBlobStore(folder: folder)
        var put: [BlobReference] = []
        for name in ["script", "environment", "region", "effects", "nobody's"] {
            put.append(try await blobs.put(Array(name.utf8)))
        }
        var specification = Fixture.specification()
        specification.script = FileEntry(path: "/job/s.py", blob: put[0], modifiedNanoseconds: 0, mode: 0o644)
        let job = try await fixture.store.jobs.createJob(specification, owner: fixture.user).id
        try await fixture.store.dispatch.storePlan([], job: job, term: fixture.term)
        let region = try await fixture.store.dispatch.openRegion(
            Fixture.region(of: job, environment: .blob(put[1]), blobs: [put[2]]), term: fixture.term
        ).region
        _ = try await fixture.store.dispatch.accept(
            [Fixture.result(fixture.token(region, 0), effects: .blob(put[3]))], term: fixture.term)

        #expect(try await fixture.store.collect(blobs, grace: .seconds(3600)).count == 0, "all are young")
        #expect(try await fixture.store.collect(blobs, grace: .zero) == BlobCollection(count: 1, bytes: 8))
        var there: [Bool] = []
        for blob in put { there.append(try await blobs.contains(blob)) }
        #expect(there == [true, true, true, true, false])

        _ = try await fixture.store.jobs.requestCancel(job, owner: fixture.user)
        _ = try await fixture.store.sweep(limit: 1_000, grace: .zero)
        #expect(try await fixture.store.collect(blobs, grace: .zero).count == 3)
        #expect(try await blobs.contains(put[0]), "a job keeps its script")
        await fixture.store.close()
    }
}
