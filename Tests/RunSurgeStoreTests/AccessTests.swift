import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct AccessTests {
    private let future = RunSurgeCore.Timestamp(microseconds: 4_000_000_000_000_000)
    private let past = RunSurgeCore.Timestamp(microseconds: 1_000_000_000_000_000)
    private let client = ClientDescription(address: "192.0.2.1", userAgent: "curl/8")

    private func hash(_ seed: Int) -> [UInt8] { (0..<32).map { UInt8(truncatingIfNeeded: seed >> ($0 % 2 * 8)) } }

    private func add(
        _ seed: Int, _ fixture: Fixture, expires: RunSurgeCore.Timestamp? = nil, owner: UserID? = nil
    ) async throws -> APIToken {
        let added = try await fixture.store.access.addToken(
            hash: hash(seed), name: "t\(seed)", owner: owner ?? fixture.user, expires: expires, client: client,
            idempotency: nil)
        guard case .performed(let token) = added else { throw Timeout(what: "a token") }
        return token
    }

    @Test func aTokenSpeaksForItsOwnerUntilItIsRevoked() async throws {
        let fixture = try await Fixture.make()
        let access = fixture.store.access
        let token = try await add(1, fixture, expires: future)
        #expect(token.name == "t1" && token.lastUsedAt == nil && token.expiresAt == future && token.revokedAt == nil)
        #expect(try await access.useToken(hash: hash(1))?.id == fixture.user)
        #expect(try await access.useToken(hash: hash(2)) == nil)
        let used = try #require(try await access.tokens(owner: fixture.user, before: nil, limit: 9).first?.lastUsedAt)
        _ = try await access.useToken(hash: hash(1))
        #expect(
            try await access.tokens(owner: fixture.user, before: nil, limit: 9).first?.lastUsedAt == used,
            "a use is written once a minute")
        _ = try await add(3, fixture, expires: past)
        #expect(try await access.useToken(hash: hash(3)) == nil)
        let other = try await fixture.store.accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        #expect(try await !access.revokeToken(token.id, owner: other, client: client))
        #expect(try await access.tokens(owner: other, before: nil, limit: 9).isEmpty)
        await #expect(throws: StoreError.conflict(field: "token"), "it is somebody else's") {
            try await add(1, fixture, owner: other)
        }
        #expect(try await access.revokeToken(token.id, owner: fixture.user, client: client))
        #expect(try await !access.revokeToken(token.id, owner: fixture.user, client: client))
        #expect(try await access.useToken(hash: hash(1)) == nil)
        await fixture.store.close()
    }

    @Test func tokensAreLimitedAndPaged() async throws {
        let fixture = try await Fixture.make()
        var last: APIToken?
        for seed in 0..<Limits.apiTokens { last = try await add(seed + 1_000, fixture) }
        await #expect(throws: StoreError.conflict(field: "token")) { try await add(1, fixture) }
        let newest = try #require(last)
        #expect(try await fixture.store.access.revokeToken(newest.id, owner: fixture.user, client: client))
        _ = try await add(1, fixture)
        let page = try await fixture.store.access.tokens(owner: fixture.user, before: newest.id, limit: 2)
        #expect(page.map(\.name) == ["t1098", "t1097"])
        await fixture.store.close()
    }

    @Test func aSessionIsListedAndRevoked() async throws {
        let fixture = try await Fixture.make()
        let (accounts, access) = (fixture.store.accounts, fixture.store.access)
        let other = try await accounts.createUser(username: "o", email: "o@o", passwordHash: "h").id
        try await accounts.addRefreshToken(
            hash: hash(1), family: "f", user: fixture.user, expires: future, client: client)
        try await accounts.addRefreshToken(hash: hash(2), family: "g", user: fixture.user, expires: future)
        try await accounts.addRefreshToken(hash: hash(3), family: "old", user: fixture.user, expires: past)
        let sessions = try await access.sessions(owner: fixture.user, before: nil, limit: 9)
        #expect(sessions.map(\.client) == [ClientDescription(), client])
        #expect(try await access.sessions(owner: fixture.user, before: sessions[0].id, limit: 9).count == 1)
        #expect(try await access.sessions(owner: other, before: nil, limit: 9).isEmpty)
        let elsewhere = ClientDescription(address: "192.0.2.2", userAgent: nil)
        _ = try await accounts.rotateRefreshToken(
            hash: hash(1), successor: hash(4), expires: future, client: elsewhere)
        let moved = try #require(try await access.sessions(owner: fixture.user, before: nil, limit: 9).last)
        #expect(moved.client == ClientDescription(address: "192.0.2.2", userAgent: "curl/8"))
        #expect(moved.lastUsedAt > moved.createdAt)

        #expect(try await !access.revokeSession(moved.id, owner: other, client: client))
        #expect(try await access.revokeSession(moved.id, owner: fixture.user, client: client))
        #expect(try await !access.revokeSession(moved.id, owner: fixture.user, client: client))
        #expect(try await accounts.rotateRefreshToken(hash: hash(4), successor: hash(5), expires: future) == nil)
        #expect(try await access.sessions(owner: fixture.user, before: nil, limit: 9).count == 1)
        #expect(try await fixture.store.sweep() > 0)
        await fixture.store.close()
    }

    @Test func theFirstWhoCanLogInIsAnAdministrator() async throws {
        let store = try await TestServer.store()
        let cluster = try await store.accounts.createUser(username: "c", email: "c@c", passwordHash: "!")
        #expect(cluster.role == .administrator, "the cluster's own")
        let roles = try await withThrowingTaskGroup(of: UserRole.self) { group in
            for number in 0..<6 {
                group.addTask {
                    try await store.accounts.createUser(
                        username: "u\(number)", email: "\(number)@u", passwordHash: "h\(number)"
                    ).role
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(roles.filter { $0 == .administrator }.count == 1)
        let raised = try #require(
            try await store.access.setRole(.administrator, of: "U3", by: nil))
        #expect(raised.role == .administrator && raised.username == "u3")
        #expect(try await store.accounts.user(raised.id) == raised)
        #expect(try await store.accounts.credentials(usernameOrEmail: "u3")?.user == raised)
        #expect(try await store.access.setRole(.user, of: "nobody", by: nil) == nil)
        await store.close()
    }

    @Test func aQuotaCountsWhatAUserHas() async throws {
        let fixture = try await Fixture.make()
        let access = fixture.store.access
        #expect(try await access.standing(of: fixture.user) == QuotaStanding(quota: Quota(), blobBytes: 0, jobs: 0))
        // The same three blobs, of 1, 2 and 3 bytes, twice.
        _ = try await fixture.job()
        let job = try await fixture.job().id
        let waiting = try await fixture.store.jobs.createJob(
            Fixture.specification(), owner: fixture.user, awaitsUpload: true, idempotency: nil)
        guard case .performed(let waiting) = waiting else { throw Timeout(what: "a job") }
        _ = try await fixture.store.uploads.addPiece(
            UploadPiece(index: 0, total: 2, blob: Fixture.blob(100), fileName: "f"), to: waiting.id,
            owner: fixture.user, limit: 1_000, idempotency: nil)
        #expect(try await access.setQuota(Quota(blobBytes: 110, jobs: 3), of: fixture.user, by: fixture.user))
        let standing = try #require(try await access.standing(of: fixture.user))
        #expect(standing.blobBytes == 106 && standing.jobs == 3 && standing.quota == Quota(blobBytes: 110, jobs: 3))
        #expect(standing.hasRoom(bytes: 4) && !standing.hasRoom(bytes: 5) && !standing.hasRoom(bytes: .max))
        #expect(!standing.hasRoom(jobs: 1))
        _ = try await fixture.store.jobs.requestCancel(job, owner: fixture.user)
        #expect(try await access.standing(of: fixture.user)?.hasRoom(jobs: 1) == true)
        #expect(try await access.setQuota(nil, of: fixture.user, by: nil))
        #expect(try await access.standing(of: fixture.user)?.quota == Quota())
        let nobody = UserID(fixture.user.rawValue + 1)
        #expect(try await access.standing(of: nobody) == nil)
        #expect(try await !access.setQuota(nil, of: nobody, by: nil))
        await fixture.store.close()
    }

    @Test func theAuditIsOnlyAddedTo() async throws {
        let fixture = try await Fixture.make()
        let access = fixture.store.access
        let token = try await add(1, fixture)
        _ = try await access.revokeToken(token.id, owner: fixture.user, client: client)
        try await access.audit("login refused", subject: "nobody\u{0}", by: nil, client: client)
        let own = try await access.auditLog(of: fixture.user, before: nil, limit: 9)
        #expect(own.map(\.action) == ["API token revoked", "API token made"])
        #expect(own.allSatisfy { $0.user == fixture.user && $0.address == "192.0.2.1" })
        #expect(try await access.auditLog(of: fixture.user, before: own[0].id, limit: 9) == [own[1]])
        let all = try await access.auditLog(of: nil, before: nil, limit: 9)
        #expect(all.map(\.action) == ["login refused", "API token revoked", "API token made"])
        let admin = try await Connection.connect(fixture.configuration)
        for change in ["DELETE FROM audit_log", "UPDATE audit_log SET action = 'nothing'"] {
            await #expect(throws: PostgreSQLError.self) { try await admin.execute(change) }
        }
        #expect(try await access.auditLog(of: nil, before: nil, limit: 9) == all)
        await admin.close()
        await fixture.store.close()
    }
}
