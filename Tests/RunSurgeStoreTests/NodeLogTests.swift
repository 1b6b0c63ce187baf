import Foundation
import PostgreSQL
import RunSurgeCore
import RunSurgeStore
import Testing

@Suite struct NodeLogTests {
    private typealias Moment = RunSurgeCore.Timestamp

    private static let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
    private static let day: Int64 = 86_400_000_000

    private static func entry(
        _ node: NodeID, _ kind: NodeLogEntry.Kind, daysAgo: Double = 0, plus: Int64 = 0, detail: String = ""
    ) -> NodeLogEntry {
        NodeLogEntry(
            node: node, at: Moment(microseconds: now - Int64(daysAgo * Double(day)) + plus), kind: kind, term: 3,
            slots: 4, memory: 5 << 30, detail: detail)
    }

    private func node(_ fixture: Fixture, _ name: String, owner: UserID? = nil) async throws -> NodeID {
        try await fixture.store.dispatch.attachNode(
            name: name, owner: owner, slots: 4, memory: 5 << 30, term: fixture.term)
    }

    private func partitions(_ fixture: Fixture) async throws -> [String] {
        let connection = try await Connection.connect(fixture.configuration)
        let rows = try await connection.query(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'node_log'::regclass ORDER BY 1")
        await connection.close()
        return try rows.map { try $0.string(0) }
    }

    @Test func aNodesHistoryIsReadPageByPage() async throws {
        let fixture = try await Fixture.make()
        let (first, second) = (try await node(fixture, "first"), try await node(fixture, "second"))
        let kinds = NodeLogEntry.Kind.allCases
        let entries = kinds.indices.map { Self.entry(first, kinds[$0], plus: Int64($0), detail: "d\u{0}\($0)") }
        try await fixture.store.dispatch.appendNodeLog(
            entries + [Self.entry(second, .attached)], term: fixture.term)
        // As after a connection that was lost during the commit.
        try await fixture.store.dispatch.appendNodeLog(entries, term: fixture.term)

        var found: [NodeLogEntry] = []
        var before: Moment?
        repeat {
            let page = try await fixture.store.jobs.nodeLog(of: first, owner: nil, before: before, limit: 4)
            found += page
            before = page.count < 4 ? nil : page.last?.at
        } while before != nil
        #expect(found.map(\.kind) == kinds.reversed())
        #expect(found.map(\.at) == entries.reversed().map(\.at))
        #expect(found.last?.detail == "d\u{FFFD}0")
        #expect(found.allSatisfy { $0.slots == 4 && $0.memory == 5 << 30 && $0.term == 3 })
        await fixture.store.close()
    }

    @Test func onlyTheOwnersQueryFindsIt() async throws {
        let fixture = try await Fixture.make()
        let mine = try await node(fixture, "mine", owner: fixture.user)
        try await fixture.store.dispatch.appendNodeLog([Self.entry(mine, .attached)], term: fixture.term)
        #expect(try await fixture.store.jobs.nodeLog(of: mine, owner: nil, before: nil, limit: 9).isEmpty)
        #expect(try await fixture.store.jobs.nodeLog(of: mine, owner: fixture.user, before: nil, limit: 9).count == 1)
        #expect(try await fixture.store.jobs.node(mine)?.owner == fixture.user)
        #expect(try await fixture.store.jobs.node(NodeID(999)) == nil)
        await fixture.store.close()
    }

    @Test func oldDaysAreDroppedWhole() async throws {
        let fixture = try await Fixture.make()
        let id = try await node(fixture, "n")
        #expect(try await partitions(fixture).count == 4, "today, two days to come, and the rest")
        let today = try await partitions(fixture)[0]
        try await fixture.store.dispatch.appendNodeLog(
            [
                Self.entry(id, .attached, daysAgo: 40), Self.entry(id, .left, daysAgo: 3),
                Self.entry(id, .attached),
            ], term: fixture.term)
        #expect(try await fixture.store.tidyNodeLog(keep: .seconds(30 * 86_400)) == 0)
        let kept = try await fixture.store.jobs.nodeLog(of: id, owner: nil, before: nil, limit: 9)
        #expect(kept.map(\.kind) == [.attached, .left], "what has no day of its own is deleted")
        // As if today were long ago.
        #expect(try await fixture.store.tidyNodeLog(keep: .seconds(-2 * 86_400)) >= 1)
        #expect(try await !partitions(fixture).contains(today))
        await fixture.store.close()
    }

    @Test func whatCameBeforeItsDayWasMadeMovesIntoIt() async throws {
        let fixture = try await Fixture.make()
        let id = try await node(fixture, "n")
        let connection = try await Connection.connect(fixture.configuration)
        let today = try await partitions(fixture)[0]
        try await connection.script("DROP TABLE \(today)")
        try await fixture.store.dispatch.appendNodeLog([Self.entry(id, .attached)], term: fixture.term)
        _ = try await fixture.store.tidyNodeLog()
        #expect(try await connection.query("SELECT 1 FROM \(today)").count == 1)
        #expect(try await connection.query("SELECT 1 FROM node_log_other").isEmpty)
        let entries = try await fixture.store.jobs.nodeLog(of: id, owner: nil, before: nil, limit: 9)
        #expect(entries.map(\.kind) == [.attached])
        await connection.close()
        await fixture.store.close()
    }

    @Test func aNewMasterLearnsWhichNodesWereAlive() async throws {
        let fixture = try await Fixture.make()
        let (first, second) = (try await node(fixture, "first"), try await node(fixture, "second"))
        try await fixture.store.dispatch.recordNodes(seen: [first], dead: [second], term: fixture.term)
        #expect(try await fixture.store.dispatch.aliveNodes().map(\.id) == [first])
        await fixture.store.close()
    }
}
