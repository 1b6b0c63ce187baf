import Foundation
import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct IdempotencyTests {
    private struct Refused: Error {}

    private func key(
        _ fixture: Fixture, _ text: String = "k", operation: String = "POST /api/job/", digest: UInt8 = 1,
        owner: UserID? = nil
    ) -> IdempotencyKey {
        IdempotencyKey(
            owner: owner ?? fixture.user, key: text, operation: operation, digest: [UInt8](repeating: digest, count: 32)
        )
    }

    private func wish(_ key: IdempotencyKey) -> Idempotency<Job> {
        Idempotency(key) { StoredAnswer(status: 201, body: Array("{\"job_id\":\($0.id)}".utf8)) }
    }

    private func create(_ idempotency: Idempotency<Job>, _ fixture: Fixture) async throws -> Once<Job> {
        try await fixture.store.jobs.createJob(
            Fixture.specification(), owner: idempotency.key.owner, awaitsUpload: false, idempotency: idempotency)
    }

    private func count(_ fixture: Fixture) async throws -> Int {
        try await fixture.store.jobs.overviews(owner: fixture.user, before: nil, limit: 100).count
    }

    @Test func aRepetitionGetsTheFirstAnswer() async throws {
        let fixture = try await Fixture.make()
        let key = key(fixture)
        #expect(try await fixture.store.idempotency.answer(of: key) == nil)
        guard case .performed(let job) = try await create(wish(key), fixture) else {
            Issue.record("the first is performed")
            return
        }
        guard case .replayed(let answer) = try await create(wish(key), fixture) else {
            Issue.record("the second is replayed")
            return
        }
        #expect(answer == StoredAnswer(status: 201, body: Array("{\"job_id\":\(job.id)}".utf8)))
        #expect(try await fixture.store.idempotency.answer(of: key) == answer)
        #expect(try await count(fixture) == 1)
        await fixture.store.close()
    }

    @Test func aKeyBelongsToOneRequestOfOneUser() async throws {
        let fixture = try await Fixture.make()
        let other = try await fixture.store.accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        _ = try await create(wish(key(fixture)), fixture)
        for key in [key(fixture, digest: 2), key(fixture, operation: "POST /api/group/")] {
            await #expect(throws: StoreError.conflict(field: "idempotency_key")) {
                try await create(wish(key), fixture)
            }
            await #expect(throws: StoreError.conflict(field: "idempotency_key")) {
                try await fixture.store.idempotency.answer(of: key)
            }
        }
        #expect(try await count(fixture) == 1)
        guard case .performed = try await create(wish(key(fixture, owner: other)), fixture) else {
            Issue.record("another's key is another key")
            return
        }
        await fixture.store.close()
    }

    @Test func ofManyAtOnceOneIsPerformed() async throws {
        let fixture = try await Fixture.make()
        let key = key(fixture)
        let performed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    if case .performed = try await create(wish(key), fixture) { return true }
                    return false
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(performed == 1)
        #expect(try await count(fixture) == 1)
        await fixture.store.close()
    }

    @Test func whatFailsLeavesItsKeyFree() async throws {
        let fixture = try await Fixture.make()
        let key = key(fixture)
        await #expect(throws: Refused.self) {
            try await create(Idempotency(key) { _ in throw Refused() }, fixture)
        }
        #expect(try await count(fixture) == 0, "the effect is taken back with its answer")
        guard case .performed = try await create(wish(key), fixture) else {
            Issue.record("the key is free")
            return
        }
        await fixture.store.close()
    }

    @Test func anOldKeyIsFreeAgain() async throws {
        let fixture = try await Fixture.make()
        let admin = try await Connection.connect(fixture.configuration)
        _ = try await create(wish(key(fixture)), fixture)
        _ = try await create(wish(key(fixture, "young")), fixture)
        try await admin.execute(
            "UPDATE idempotency_key SET created_at = created_at - interval '25 hours' WHERE key = 'k'")
        #expect(try await fixture.store.idempotency.answer(of: key(fixture)) == nil)
        guard case .performed = try await create(wish(key(fixture, digest: 9)), fixture) else {
            Issue.record("it is another request's now")
            return
        }
        #expect(try await fixture.store.sweep() == 0)
        try await admin.execute(
            "UPDATE idempotency_key SET created_at = created_at - interval '25 hours' WHERE key = 'k'")
        #expect(try await fixture.store.sweep() == 1)
        #expect(try await fixture.store.idempotency.answer(of: key(fixture, "young")) != nil)
        await admin.close()
        await fixture.store.close()
    }
}
