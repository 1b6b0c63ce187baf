import Foundation
import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct UploadTests {
    private func piece(
        _ index: Int, of total: Int = 3, seed: Int = 0, memory: Int64? = nil
    ) -> UploadPiece {
        UploadPiece(
            index: index, total: total, blob: Fixture.blob(100 + index + seed), fileName: "data.csv",
            requiredMemory: memory)
    }

    private func waitingJob(_ fixture: Fixture) async throws -> JobID {
        let created = try await fixture.store.jobs.createJob(
            Fixture.specification("draft"), owner: fixture.user, awaitsUpload: true, idempotency: nil)
        guard case .performed(let job) = created else { throw Timeout(what: "a job") }
        return job.id
    }

    @discardableResult private func add(
        _ piece: UploadPiece, to job: JobID, _ fixture: Fixture, limit: Int64 = 1 << 30
    ) async throws -> Upload {
        let added = try await fixture.store.uploads.addPiece(
            piece, to: job, owner: fixture.user, limit: limit, idempotency: nil)
        guard case .performed(let upload) = added else { throw Timeout(what: "an upload") }
        return upload
    }

    @Test func aJobWaitsForItsFileAndStartsOnce() async throws {
        let fixture = try await Fixture.make()
        let (jobs, uploads, dispatch) = (fixture.store.jobs, fixture.store.uploads, fixture.store.dispatch)
        let job = try await waitingJob(fixture)
        let waiting = try #require(try await jobs.job(job, owner: fixture.user))
        #expect(waiting.state == .submitted && !waiting.isReady)
        #expect(try await dispatch.submittedJobs(excluding: [], limit: 10).isEmpty)
        try await dispatch.storePlan([1], job: job, term: fixture.term)
        #expect(try await jobs.job(job, owner: fixture.user)?.state == .submitted)

        await #expect(throws: UploadRefusal.incomplete) {
            try await uploads.start(job, specification: waiting.specification, owner: fixture.user, idempotency: nil)
        }
        for index in 0..<3 {
            let upload = try await add(piece(index, memory: index == 1 ? 77 : nil), to: job, fixture)
            #expect(upload.received == index + 1 && upload.isComplete == (index == 2) && !upload.isFinished)
        }
        #expect(try await uploads.pieces(of: job, owner: fixture.user) == (100..<103).map { Fixture.blob($0) })
        let upload = try #require(try await uploads.upload(of: job, owner: fixture.user))
        #expect(upload.bytes == 303 && upload.requiredMemory == 77 && upload.fileName == "data.csv")
        #expect(try await dispatch.submittedJobs(excluding: [], limit: 10).isEmpty, "complete, and not yet started")
        #expect(try await uploads.uploadsToStart(idle: .zero, limit: 10).map(\.job) == [job])
        #expect(try await uploads.uploadsToStart(idle: .seconds(3600), limit: 10).isEmpty)

        var final = waiting.specification
        final.name = "final"
        final.requiredMemory = 77
        final.inputs = [FileEntry(path: "/job/x", blob: Fixture.blob(900), modifiedNanoseconds: 0, mode: 0o600)]
        let specification = final
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    let started = try await uploads.start(
                        job, specification: specification, owner: fixture.user, idempotency: nil)
                    guard case .performed(let started) = started else { throw Timeout(what: "a start") }
                    #expect(started.isReady && started.specification == specification)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await dispatch.submittedJobs(excluding: [], limit: 10).map(\.id) == [job])
        #expect(try await jobs.mayRead(blob: Fixture.blob(900).sha256, owner: fixture.user) != nil)
        #expect(try await uploads.uploadsToStart(idle: .zero, limit: 10).isEmpty)
        // The last piece, sent again because its answer was lost.
        #expect(try await add(piece(2), to: job, fixture).isFinished)
        await fixture.store.close()
    }

    @Test func piecesComeInOrderAndEachOnce() async throws {
        let fixture = try await Fixture.make()
        let job = try await waitingJob(fixture)
        await #expect(throws: UploadRefusal.outOfOrder(expected: 0)) { try await add(piece(1), to: job, fixture) }
        try await add(piece(0), to: job, fixture)
        #expect(try await add(piece(0), to: job, fixture).received == 1, "the same again")
        await #expect(throws: UploadRefusal.otherPiece(index: 0)) {
            try await add(piece(0, seed: 50), to: job, fixture)
        }
        await #expect(throws: UploadRefusal.otherTotal(3)) { try await add(piece(1, of: 4), to: job, fixture) }
        await #expect(throws: UploadRefusal.outOfOrder(expected: 1)) { try await add(piece(2), to: job, fixture) }
        await #expect(throws: UploadRefusal.tooLarge(limit: 200)) {
            try await add(piece(1), to: job, fixture, limit: 200)
        }
        for (index, total) in [(3, 3), (-1, 3), (0, 0), (0, Limits.uploadPieces + 1)] {
            await #expect(throws: UploadRefusal.outOfRange) { try await add(piece(index, of: total), to: job, fixture) }
        }
        let unchanged = try #require(try await fixture.store.uploads.upload(of: job, owner: fixture.user))
        #expect(unchanged.received == 1 && unchanged.bytes == 100)
        let ready = try await fixture.job().id
        await #expect(throws: UploadRefusal.notAwaited) { try await add(piece(0), to: ready, fixture) }
        await fixture.store.close()
    }

    @Test func copiesOfOnePieceAtOnceAreOnePiece() async throws {
        let fixture = try await Fixture.make()
        let job = try await waitingJob(fixture)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { try await add(piece(0), to: job, fixture).received } }
            for try await received in group { #expect(received == 1) }
        }
        #expect(try await fixture.store.uploads.pieces(of: job, owner: fixture.user).count == 1)
        await fixture.store.close()
    }

    @Test func anUploadIsItsOwnersOnly() async throws {
        let fixture = try await Fixture.make()
        let uploads = fixture.store.uploads
        let other = try await fixture.store.accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        let job = try await waitingJob(fixture)
        for index in 0..<3 { try await add(piece(index), to: job, fixture) }
        await #expect(throws: UploadRefusal.unknownJob) {
            try await uploads.addPiece(piece(0), to: job, owner: other, limit: 1 << 30, idempotency: nil)
        }
        await #expect(throws: UploadRefusal.unknownJob) {
            try await uploads.start(job, specification: Fixture.specification(), owner: other, idempotency: nil)
        }
        #expect(try await uploads.upload(of: job, owner: other) == nil)
        #expect(try await uploads.pieces(of: job, owner: other).isEmpty)
        #expect(try await !uploads.rejectUpload(of: job, owner: other, reason: "r"))
        #expect(try await fixture.store.jobs.job(job, owner: fixture.user)?.state == .submitted)
        await fixture.store.close()
    }

    @Test func aRejectedUploadFailsItsJob() async throws {
        let fixture = try await Fixture.make()
        let uploads = fixture.store.uploads
        let job = try await waitingJob(fixture)
        try await add(piece(0, of: 1), to: job, fixture)
        #expect(try await uploads.rejectUpload(of: job, owner: fixture.user, reason: "No zip.\u{0}"))
        #expect(try await !uploads.rejectUpload(of: job, owner: fixture.user, reason: "again"))
        let failed = try #require(try await fixture.store.jobs.job(job, owner: fixture.user))
        #expect(failed.state == .failed && failed.failure == "No zip.\u{FFFD}")
        #expect(try await uploads.upload(of: job, owner: fixture.user)?.isFinished == true)
        await #expect(throws: UploadRefusal.notAwaited) {
            try await uploads.start(job, specification: failed.specification, owner: fixture.user, idempotency: nil)
        }
        await fixture.store.close()
    }

    @Test func abandonedUploadsEndAndLetGoOfTheirPieces() async throws {
        let fixture = try await Fixture.make()
        let store = fixture.store
        let folder = FileManager.default.temporaryDirectory.path + "/runsurge-blobs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let blobs = try FileBlobStore(folder: folder)
        let bytes = try await blobs.put(Array("piece".utf8))
        let begun = try await waitingJob(fixture)
        let silent = try await waitingJob(fixture)
        let ready = try await fixture.job().id
        try await add(UploadPiece(index: 0, total: 2, blob: bytes, fileName: "f"), to: begun, fixture)
        #expect(try await store.abandonUploads(patience: .seconds(3600)) == 0)
        #expect(try await store.collect(blobs, grace: .zero).count == 0, "a piece is kept")
        #expect(try await store.abandonUploads(patience: .zero) == 2)
        #expect(try await store.abandonUploads(patience: .zero) == 0)
        for job in [begun, silent] {
            #expect(try await store.jobs.job(job, owner: fixture.user)?.failure?.isEmpty == false)
        }
        #expect(try await store.jobs.job(ready, owner: fixture.user)?.state == .submitted)
        #expect(try await store.collect(blobs, grace: .zero).count == 1)
        // Its rows go a day later.
        #expect(try await store.sweep() == 0)
        let admin = try await Connection.connect(fixture.configuration)
        try await admin.execute("UPDATE upload SET finished_at = finished_at - interval '2 days'")
        #expect(try await store.sweep() == 1)
        #expect(try await store.sweep() == 0)
        #expect(try await store.uploads.pieces(of: begun, owner: fixture.user).isEmpty)
        await admin.close()
        await store.close()
    }
}
