import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct AccountTests {
    private let future = Timestamp(microseconds: 4_000_000_000_000_000)
    private let past = Timestamp(microseconds: 1_000_000_000_000_000)

    @Test func findsAUserByNameOrAddressInAnyCase() async throws {
        let store = try await TestServer.store()
        let user = try await store.accounts.createUser(username: "Ada", email: "ada@example.org", passwordHash: "h")
        for key in ["Ada", "ADA", "ada@example.org", "Ada@Example.org"] {
            let credentials = try await store.accounts.credentials(usernameOrEmail: key)
            #expect(credentials?.user == user)
            #expect(credentials?.passwordHash == "h")
        }
        #expect(try await store.accounts.credentials(usernameOrEmail: "nobody") == nil)
        #expect(try await store.accounts.user(user.id) == user)
        #expect(try await store.accounts.user(UserID(user.id.rawValue + 1)) == nil)
        await store.close()
    }

    @Test func saysWhatIsTaken() async throws {
        let store = try await TestServer.store()
        _ = try await store.accounts.createUser(username: "ada", email: "ada@example.org", passwordHash: "h")
        await #expect(throws: StoreError.conflict(field: "username")) {
            try await store.accounts.createUser(username: "ADA", email: "other@example.org", passwordHash: "i")
        }
        await #expect(throws: StoreError.conflict(field: "email")) {
            try await store.accounts.createUser(username: "bob", email: "Ada@example.org", passwordHash: "i")
        }
        await store.close()
    }

    @Test func anAddressTakenAsANameStealsNoLogin() async throws {
        let store = try await TestServer.store()
        let ada = try await store.accounts.createUser(username: "ada", email: "ada@example.org", passwordHash: "h")
        _ = try await store.accounts.createUser(username: "ada@example.org", email: "m@example.org", passwordHash: "i")
        #expect(try await store.accounts.credentials(usernameOrEmail: "ada@example.org")?.user == ada)
        await store.close()
    }

    @Test func aTokenIsExchangedOnce() async throws {
        let fixture = try await Fixture.make()
        let accounts = fixture.store.accounts
        func token(_ seed: UInt8) -> [UInt8] { [UInt8](repeating: seed, count: 32) }
        try await accounts.addRefreshToken(hash: token(1), family: "f", user: fixture.user, expires: future)
        try await accounts.addRefreshToken(hash: token(8), family: "g", user: fixture.user, expires: future)
        #expect(
            try await accounts.rotateRefreshToken(hash: token(1), successor: token(2), expires: future) == fixture.user)
        #expect(
            try await accounts.rotateRefreshToken(hash: token(2), successor: token(3), expires: future) == fixture.user)
        // The same exchange, repeated, is the same exchange.
        #expect(
            try await accounts.rotateRefreshToken(hash: token(2), successor: token(3), expires: future) == fixture.user)
        // A spent token in other hands ends the family, and no other.
        #expect(try await accounts.rotateRefreshToken(hash: token(1), successor: token(9), expires: future) == nil)
        #expect(try await accounts.rotateRefreshToken(hash: token(3), successor: token(4), expires: future) == nil)
        #expect(
            try await accounts.rotateRefreshToken(hash: token(8), successor: token(7), expires: future) == fixture.user)
        await fixture.store.close()
    }

    @Test func expiredUnknownAndRevokedTokensAreWorthNothing() async throws {
        let fixture = try await Fixture.make()
        let accounts = fixture.store.accounts
        func token(_ seed: UInt8) -> [UInt8] { [UInt8](repeating: seed, count: 32) }
        try await accounts.addRefreshToken(hash: token(1), family: "f", user: fixture.user, expires: past)
        #expect(try await accounts.rotateRefreshToken(hash: token(1), successor: token(2), expires: future) == nil)
        #expect(try await accounts.rotateRefreshToken(hash: token(5), successor: token(6), expires: future) == nil)
        try await accounts.addRefreshToken(hash: token(3), family: "g", user: fixture.user, expires: future)
        try await accounts.revokeRefreshFamily(containing: token(3))
        #expect(try await accounts.rotateRefreshToken(hash: token(3), successor: token(4), expires: future) == nil)
        await fixture.store.close()
    }

    @Test func ofTwoThievesAtOnceNeitherKeepsTheFamily() async throws {
        let fixture = try await Fixture.make()
        let accounts = fixture.store.accounts
        try await accounts.addRefreshToken(
            hash: [UInt8](repeating: 1, count: 32), family: "f", user: fixture.user, expires: future)
        let future = future
        let winners = try await withThrowingTaskGroup(of: UserID?.self) { group in
            for seed in 2...9 {
                group.addTask {
                    try await accounts.rotateRefreshToken(
                        hash: [UInt8](repeating: 1, count: 32), successor: [UInt8](repeating: UInt8(seed), count: 32),
                        expires: future)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(winners.compactMap { $0 }.count == 1)
        for seed in 2...9 {
            let next = try await accounts.rotateRefreshToken(
                hash: [UInt8](repeating: UInt8(seed), count: 32), successor: [UInt8](repeating: 99, count: 32),
                expires: future)
            #expect(next == nil)
        }
        await fixture.store.close()
    }
}
