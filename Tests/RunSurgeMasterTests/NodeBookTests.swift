import RunSurgeCore
import RunSurgeScheduling
import Testing

@testable import RunSurgeMaster

@Suite struct NodeBookTests {
    private static let second: Int64 = 1_000_000

    private static func time(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
    private static func wall(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * second) }

    private static func status(_ node: Int64, _ state: NodeStatus.State) -> NodeStatus {
        NodeStatus(
            node: NodeID(node), state: state, since: time(0), slots: 2, memory: 1 << 30, leases: 0, oldestLease: nil)
    }

    private static func former(_ id: Int64, _ name: String) -> Node {
        Node(
            id: NodeID(id), owner: nil, name: name, slots: 4, memory: 2 << 30, isAlive: true, createdAt: wall(1),
            lastSeenAt: wall(50), completedChunks: 0)
    }

    @Test func aNodeThatGoesIsToldOfAndRememberedByItsName() {
        var book = NodeBook(term: 3, timeout: .seconds(15))
        book.greet(NodeID(1), name: "alpha")
        #expect(book.note(Self.status(1, .attached), wall: Self.wall(100)).name == "alpha")
        #expect(book.takeChanges().seen == [NodeID(1)])
        _ = book.note(Self.status(1, .unreachable), wall: Self.wall(101))
        #expect(book.takeChanges().seen == [NodeID(1)], "its leases still run")
        #expect(book.note(Self.status(1, .dead), wall: Self.wall(116)).since == Self.wall(116))
        let changes = book.takeChanges()
        #expect(changes.seen.isEmpty && changes.dead == [NodeID(1)])
        #expect(changes.log.map(\.kind) == [.dead] && changes.log[0].term == 3)
        #expect(book.takeChanges().dead.isEmpty, "told once")
        #expect(book.all([]).map(\.name) == ["alpha"])
    }

    @Test func aNodeThatComesBackAtOnceIsNotRecordedAsGone() {
        var book = NodeBook(term: 1, timeout: .seconds(15))
        for state in [NodeStatus.State.attached, .left, .attached] {
            _ = book.note(Self.status(1, state), wall: Self.wall(7))
        }
        let changes = book.takeChanges()
        #expect(changes.dead.isEmpty && changes.seen == [NodeID(1)])
        #expect(changes.log.map(\.kind) == [.attached, .left, .attached])
        #expect(Set(changes.log.map(\.at)).count == 3, "no two of the same moment")
    }

    @Test func aReconnectIsOneEventAndTheEndOfTheOldSessionNone() {
        var book = NodeBook(term: 1, timeout: .seconds(15))
        book.greet(NodeID(1), name: "alpha")
        _ = book.note(Self.status(1, .attached), wall: Self.wall(5))
        book.greet(NodeID(1), name: "alpha")
        _ = book.note(Self.status(1, .attached), wall: Self.wall(6))
        let known = book.note(Self.status(1, .attached), wall: Self.wall(7))
        #expect(known.since == Self.wall(6) && known.name == "alpha")
        #expect(book.takeChanges().log.map(\.at) == [Self.wall(5), Self.wall(6)])
    }

    @Test func whoDoesNotComeBackToANewMasterIsDead() {
        var book = NodeBook(term: 4, timeout: .seconds(15))
        book.expect([Self.former(1, "alpha"), Self.former(2, "beta")], now: Self.time(0), wall: Self.wall(60))
        #expect(book.all([]).map(\.status.state) == [.unreachable, .unreachable])
        #expect(book.all([]).map(\.since) == [Self.wall(50), Self.wall(50)])
        #expect(book.takeChanges().seen.isEmpty, "they have not been seen by this master")
        _ = book.note(Self.status(1, .attached), wall: Self.wall(61))
        #expect(book.overdue(now: Self.time(14), wall: Self.wall(74)).isEmpty)
        let late = book.overdue(now: Self.time(16), wall: Self.wall(76))
        #expect(late.map(\.name) == ["beta"] && late.map(\.status.state) == [.dead])
        #expect(book.overdue(now: Self.time(17), wall: Self.wall(77)).isEmpty, "told once")
        let changes = book.takeChanges()
        #expect(changes.dead == [NodeID(2)] && changes.seen == [NodeID(1)])
        #expect(changes.log.map(\.kind) == [.attached, .dead])
    }

    @Test func aNodeThatLeavesBecauseItsKeyWasRevokedIsSaidToBe() {
        var book = NodeBook(term: 1, timeout: .seconds(15))
        book.revoke(NodeID(1))
        for state in [NodeStatus.State.attached, .left, .attached] {
            _ = book.note(Self.status(1, state), wall: Self.wall(7))
        }
        book.revoke(NodeID(1))
        for state in [NodeStatus.State.left, .attached, .left] {
            _ = book.note(Self.status(1, state), wall: Self.wall(8))
        }
        #expect(book.takeChanges().log.map(\.kind) == [.attached, .left, .attached, .revoked, .attached, .left])
    }

    @Test func onlySoManyThatAreGoneAreRemembered() {
        var book = NodeBook(term: 1, timeout: .seconds(15))
        for node in 0..<Int64(Limits.goneNodes + 10) { _ = book.note(Self.status(node, .dead), wall: Self.wall(node)) }
        _ = book.note(Self.status(5_000, .attached), wall: Self.wall(9_999))
        let known = book.all([])
        #expect(known.count == Limits.goneNodes + 1)
        #expect(known.first?.status.node == NodeID(10), "the oldest go first")
    }
}

@Suite struct SubscriptionTests {
    private func message(_ kind: UInt8, _ topic: String) -> [[UInt8]] { [[kind] + Array(topic.utf8)] }

    @Test func onlyWhatSomebodyWantsIsWanted() {
        let subscriptions = Subscriptions()
        #expect(!subscriptions.wants("node/"))
        subscriptions.note(.init(message(1, "node-state/7")))
        #expect(subscriptions.wants("node-state/") && !subscriptions.wants("node/"))
        subscriptions.note(.init(message(1, "node")))
        #expect(subscriptions.wants("node/") && !subscriptions.wants("job/"))
        subscriptions.note(.init(message(0, "node")))
        #expect(!subscriptions.wants("node/"))
        subscriptions.note(.init(message(1, "")))
        #expect(subscriptions.wants("job/"))
        subscriptions.note(.init([[]]))
        subscriptions.forgetAll()
        #expect(!subscriptions.wants("job/"))
    }

    @Test func subscriptionsBeyondTheLimitMeanEverything() {
        let subscriptions = Subscriptions()
        for number in 0...10_000 { subscriptions.note(.init(message(1, "x\(number)"))) }
        #expect(subscriptions.wants("job/"))
    }
}
