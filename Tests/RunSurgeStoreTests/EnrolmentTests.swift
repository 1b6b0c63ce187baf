import Foundation
import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

/// Tokens are spent once, keys are valid until they are revoked.
struct EnrolmentTests {
    private static func bytes() -> [UInt8] { (0..<32).map { _ in UInt8.random(in: 0 ... .max) } }

    private static func moment(in seconds: Double) -> RunSurgeCore.Timestamp {
        Timestamp(microseconds: Int64((Date().timeIntervalSince1970 + seconds) * 1_000_000))
    }

    private static func enrol(
        _ fixture: Fixture, _ name: String, kind: KeyKind = .worker, key: [UInt8] = bytes()
    ) async throws -> NodeKey {
        let hash = bytes()
        try await fixture.store.enrolment.addEnrolmentToken(
            hash: hash, kind: kind, owner: fixture.user, expires: moment(in: 60))
        let enrolled = try await fixture.store.enrolment.enrol(
            tokenHash: hash, publicKey: key, name: name, address: "::1")
        return try #require(enrolled)
    }

    @Test func ofManyWhoComeWithOneTokenOneWins() async throws {
        let fixture = try await Fixture.make()
        let enrolment = fixture.store.enrolment
        let hash = Self.bytes()
        try await enrolment.addEnrolmentToken(
            hash: hash, kind: .worker, owner: fixture.user, expires: Self.moment(in: 60))
        let keys = try await withThrowingTaskGroup(of: NodeKey?.self) { group in
            for number in 0..<12 {
                group.addTask {
                    try await enrolment.enrol(
                        tokenHash: hash, publicKey: Self.bytes(), name: "machine \(number)", address: "::1")
                }
            }
            return try await group.reduce(into: [NodeKey?]()) { $0.append($1) }.compactMap { $0 }
        }
        #expect(keys.count == 1)
        #expect(try await enrolment.validKeys() == keys)
        #expect(try await fixture.store.jobs.nodes(owner: fixture.user).map(\.id) == [keys[0].node])
        // The winner may ask again, for its answer may have been lost.
        let again = try await enrolment.enrol(
            tokenHash: hash, publicKey: keys[0].publicKey, name: "machine", address: "::1")
        #expect(again == keys[0])
        await fixture.store.close()
    }

    @Test func anAnnouncedNodeIsWhatIsEnrolledByItsName() async throws {
        let fixture = try await Fixture.make()
        let enrolment = fixture.store.enrolment
        let node = try await enrolment.announceNode(name: "attic", owner: fixture.user)
        #expect(!node.isAlive && node.owner == fixture.user && node.name == "attic")
        #expect(try await enrolment.announceNode(name: "attic", owner: fixture.user).id == node.id)
        #expect(try await Self.enrol(fixture, "attic").node == node.id)
        #expect(try await enrolment.announceNode(name: "attic", owner: fixture.user).id == node.id)
        for number in 0..<Limits.announcedNodes {
            _ = try await enrolment.announceNode(name: "n\(number)", owner: fixture.user)
        }
        await #expect(throws: StoreError.conflict(field: "node")) {
            try await enrolment.announceNode(name: "one more", owner: fixture.user)
        }
        await fixture.store.close()
    }

    @Test func anUnknownOrExpiredTokenIsWorthNothing() async throws {
        let fixture = try await Fixture.make()
        let enrolment = fixture.store.enrolment
        let hash = Self.bytes()
        try await enrolment.addEnrolmentToken(
            hash: hash, kind: .worker, owner: fixture.user, expires: Self.moment(in: -1))
        for token in [hash, Self.bytes()] {
            #expect(
                try await enrolment.enrol(tokenHash: token, publicKey: Self.bytes(), name: "m", address: "::1") == nil)
        }
        #expect(try await enrolment.validKeys().isEmpty)
        #expect(try await fixture.store.jobs.nodes(owner: fixture.user).isEmpty)
        await fixture.store.close()
    }

    @Test func aNameIsTakenOverOnlyWhenNobodySpeaksForIt() async throws {
        let fixture = try await Fixture.make()
        let first = try await Self.enrol(fixture, "box")
        let second = try await Self.enrol(fixture, "box")
        #expect(first.name == "box")
        #expect(second.name == "box-2")
        #expect(first.node != second.node)
        let revoked = try await fixture.store.enrolment.revoke(.key(first.id), owner: fixture.user)
        #expect(revoked?.revokedAt != nil)
        let third = try await Self.enrol(fixture, "box")
        #expect(third.node == first.node)
        #expect(third.id != first.id)
        let valid = try await fixture.store.enrolment.validKeys()
        #expect(Set(valid.map(\.id)) == [second.id, third.id])
        await fixture.store.close()
    }

    @Test func enrolmentsOfOneNameAtOnceGetNodesOfTheirOwn() async throws {
        let fixture = try await Fixture.make()
        let nodes = try await withThrowingTaskGroup(of: NodeID?.self) { group in
            for _ in 0..<8 { group.addTask { try await Self.enrol(fixture, "same").node } }
            return try await group.reduce(into: [NodeID?]()) { $0.append($1) }
        }
        #expect(Set(nodes).count == 8)
        await fixture.store.close()
    }

    @Test func aPublicKeyIsEnrolledOnce() async throws {
        let fixture = try await Fixture.make()
        let key = Self.bytes()
        _ = try await Self.enrol(fixture, "one", key: key)
        await #expect(throws: StoreError.conflict(field: "public_key")) {
            try await Self.enrol(fixture, "two", key: key)
        }
        await fixture.store.close()
    }

    @Test func onlyTheOwnerRevokesAndLists() async throws {
        let fixture = try await Fixture.make()
        let stranger = try await fixture.store.accounts.createUser(
            username: UUID().uuidString, email: "\(UUID().uuidString)@example.org", passwordHash: "x")
        let key = try await Self.enrol(fixture, "mine")
        let monitor = try await Self.enrol(fixture, "watch", kind: .monitor)
        #expect(monitor.node == nil)
        let enrolment = fixture.store.enrolment
        #expect(try await enrolment.revoke(.key(key.id), owner: stranger.id) == nil)
        #expect(try await enrolment.revoke(.node(try #require(key.node)), owner: stranger.id) == nil)
        #expect(try await enrolment.keys(owner: stranger.id, limit: 10).isEmpty)
        #expect(try await enrolment.keys(owner: fixture.user, limit: 10).map(\.id) == [monitor.id, key.id])
        #expect(try await enrolment.revoke(.node(try #require(key.node)), owner: fixture.user)?.id == key.id)
        #expect(try await enrolment.validKeys().map(\.id) == [monitor.id])
        await fixture.store.close()
    }

    /// Another process is told.
    @Test func aRevocationWakesWhoWaitsElsewhere() async throws {
        let fixture = try await Fixture.make()
        let key = try await Self.enrol(fixture, "box")
        let other = try await Store.open(StoreConfiguration(fixture.configuration, connections: 1))
        // What came before it listened may wake it at once.
        try await other.enrolment.waitForKeyChange(within: .seconds(1))
        let start = ContinuousClock.now
        async let woken: Void = other.enrolment.waitForKeyChange(within: .seconds(60))
        let revoking = Task {
            while !Task.isCancelled {
                _ = try await fixture.store.enrolment.revoke(.key(key.id), owner: fixture.user)
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        try await woken
        revoking.cancel()
        #expect(ContinuousClock.now - start < .seconds(20))
        await other.close()
        await fixture.store.close()
    }

    @Test func anEnrolledNodeAttachesAsItself() async throws {
        let fixture = try await Fixture.make()
        let node = try #require(try await Self.enrol(fixture, "box").node)
        func attach(_ enrolled: [NodeID?]) async throws -> [NodeID] {
            try await fixture.store.dispatch.attachNodes(
                enrolled.map { NodeAttachment(enrolled: $0, name: "claimed", owner: nil, slots: 3, memory: 5) },
                term: fixture.term)
        }
        let ids = try await attach([nil, node, nil, node])
        #expect(ids[0] == ids[2])
        #expect(ids[1] == node && ids[3] == node)
        #expect(ids[0] != node)
        let found = try #require(try await fixture.store.jobs.nodes(owner: fixture.user).first)
        #expect(found.id == node)
        #expect(found.name == "box")
        #expect(found.slots == 3)
        #expect(found.isAlive)
        await #expect(throws: StoreError.self) { _ = try await attach([NodeID(9_999_999)]) }
        await fixture.store.close()
    }

    @Test func retiredServerKeysAreToldNoMore() async throws {
        let fixture = try await Fixture.make()
        let (old, current, next) = (Self.bytes(), Self.bytes(), Self.bytes())
        let enrolment = fixture.store.enrolment
        try await enrolment.announceServerKeys(current: old, next: current, retired: [])
        #expect(try await enrolment.serverKeys() == [old, current])
        try await enrolment.announceServerKeys(current: current, next: next, retired: [old])
        #expect(try await enrolment.serverKeys() == [current, next])
        // Another master on the same database: what is in use goes first.
        let (theirs, afterwards) = (Self.bytes(), Self.bytes())
        try await enrolment.announceServerKeys(current: theirs, next: afterwards, retired: [])
        #expect(try await enrolment.serverKeys() == [theirs, current, afterwards, next])
        await fixture.store.close()
    }
}
