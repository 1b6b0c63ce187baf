import RunSurgeCore
import RunSurgeTestStores
import Synchronization
import Testing

@testable import RunSurgeAPI

/// Quotas are kept without a look at all that a user has for each request.
struct QuotaCheckTests {
    private let access = StandingAccess(Quota(blobBytes: 100, jobs: 10))
    private let user = UserID(1)

    private func check() -> QuotaCheck { QuotaCheck(access: access, jobs: MemoryJobs()) }

    @Test func whatIsAdmittedCountsAtOnce() async throws {
        let check = check()
        for _ in 0..<10 { try await check.admit(user, jobs: 1) }
        let refusal = await #expect(throws: APIError.self) { try await check.admit(user, jobs: 1) }
        #expect(refusal?.status == .tooManyRequests && refusal?.code == "job_quota" && refusal?.retryAfter != nil)
        #expect(access.looks < 3, "\(access.looks) looks")
        try await check.admit(user, bytes: 100)
        let large = await #expect(throws: APIError.self) { try await check.admit(user, bytes: 1) }
        #expect(large?.status == .contentTooLarge && large?.code == "storage_quota")
        try await check.admit(UserID(2), bytes: 100, jobs: 10)
    }

    @Test func roomThatWasMadeIsSeenSoon() async throws {
        let check = check()
        access.set(jobs: 10)
        await #expect(throws: APIError.self) { try await check.admit(user, jobs: 1) }
        access.set(jobs: 9)
        try await Task.sleep(for: .milliseconds(600))
        try await check.admit(user, jobs: 1)
    }

    @Test func manyAtOnceShareOneLook() async throws {
        let check = check()
        let user = user
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { try await check.admit(user, jobs: 1) } }
            try await group.waitForAll()
        }
        #expect(access.looks == 1)
    }

    @Test func nobodyWaitsForASecondLookAndWhatIsAdmittedMeanwhileCounts() async throws {
        let check = QuotaCheck(access: access, jobs: MemoryJobs(), life: .milliseconds(10))
        try await check.admit(user, jobs: 2)
        access.hold()
        access.set(jobs: 2)
        try await Task.sleep(for: .milliseconds(20))
        // The look that this begins is not over before `release`.
        try await check.admit(user, jobs: 3)
        try await check.admit(user, jobs: 4)
        #expect(access.looks == 1)
        access.release()
        for _ in 0..<500 where access.looks < 2 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(access.looks >= 2)
        access.set(jobs: 9)
        try await check.admit(user, jobs: 1)
        await #expect(throws: APIError.self) { try await check.admit(user, jobs: 1) }
    }

    @Test func withoutAStoreThereAreNoQuotas() async throws {
        try await QuotaCheck(access: nil, jobs: MemoryJobs()).admit(user, bytes: .max, jobs: .max)
    }
}

/// Knows what a user has, and nothing else.
private final class StandingAccess: AccessStore {
    private struct State {
        var jobs = 0
        var looks = 0
        var isHeld = false
    }

    private let quota: Quota
    private let state = Mutex(State())

    init(_ quota: Quota) { self.quota = quota }

    var looks: Int { state.withLock { $0.looks } }
    func set(jobs: Int) { state.withLock { $0.jobs = jobs } }
    func hold() { state.withLock { $0.isHeld = true } }
    func release() { state.withLock { $0.isHeld = false } }

    func standing(of user: UserID) async throws -> QuotaStanding? {
        repeat { try await Task.sleep(for: .milliseconds(20)) } while state.withLock({ $0.isHeld })
        return state.withLock { state in
            state.looks += 1
            return QuotaStanding(quota: quota, blobBytes: 0, jobs: state.jobs)
        }
    }

    func addToken(
        hash: [UInt8], name: String, owner: UserID, expires: Timestamp?, client: ClientDescription,
        idempotency: Idempotency<APIToken>?
    ) async throws -> Once<APIToken> { throw StoreError.inconsistent("there are no tokens") }
    func tokens(owner: UserID, before: APITokenID?, limit: Int) async throws -> [APIToken] { [] }
    func revokeToken(_ id: APITokenID, owner: UserID, client: ClientDescription) async throws -> Bool { false }
    func useToken(hash: [UInt8]) async throws -> User? { nil }
    func sessions(owner: UserID, before: LoginSessionID?, limit: Int) async throws -> [LoginSession] { [] }
    func revokeSession(_ id: LoginSessionID, owner: UserID, client: ClientDescription) async throws -> Bool { false }
    func setRole(_ role: UserRole, of username: String, by: UserID?) async throws -> User? { nil }
    func setQuota(_ quota: Quota?, of user: UserID, by: UserID?) async throws -> Bool { false }
    func audit(_ action: String, subject: String, by user: UserID?, client: ClientDescription) async throws {}
    func auditLog(of user: UserID?, before: AuditEntryID?, limit: Int) async throws -> [AuditEntry] { [] }
}
