internal import RunSurgeCore
internal import RunSurgeScheduling

/// Every node that the master knows: those of its dispatcher, those that are gone, and those that were alive under the
/// last master and have not come back yet. Keeps their names, and what of their history is still to be stored.
struct NodeBook {
    private struct Entry {
        var name: String
        var status: NodeStatus
        /// Wall-clock time since when.
        var since: Timestamp
    }

    /// What the store is to be told.
    struct Changes {
        var seen: Set<NodeID>
        var dead: Set<NodeID>
        var log: [NodeLogEntry]
    }

    private let term: Int64
    private let timeout: Duration
    private var nodes: [NodeID: Entry] = [:]
    /// Of another term, to be dead unless they come back by then.
    private var expected: [NodeID: MonotonicTime] = [:]
    private var died: Set<NodeID> = []
    private var revoked: Set<NodeID> = []
    /// Names of those whose session has just begun.
    private var greeted: [NodeID: String] = [:]
    private var log: [NodeLogEntry] = []
    private var lastEntry = Timestamp(microseconds: 0)

    init(term: Int64, timeout: Duration) {
        self.term = term
        self.timeout = timeout
    }

    /// Nodes that the last master thought to be alive.
    mutating func expect(_ former: [Node], now: MonotonicTime, wall: Timestamp) {
        for node in former where nodes[node.id] == nil {
            nodes[node.id] = Entry(
                name: node.name,
                status: NodeStatus(
                    node: node.id, state: .unreachable, since: now, slots: node.slots, memory: node.memory, leases: 0,
                    oldestLease: nil),
                since: node.lastSeenAt ?? wall)
            expected[node.id] = now + timeout
        }
    }

    /// A worker of this node has said Hello: what is noted next is the beginning of a session.
    mutating func greet(_ node: NodeID, name: String) { greeted[node] = name }

    /// A node's key was revoked: that is why it leaves now.
    mutating func revoke(_ node: NodeID) {
        if nodes[node]?.status.state.isAlive == true { revoked.insert(node) }
    }

    /// A node's state has changed; its new view.
    mutating func note(_ status: NodeStatus, detail: String = "", wall: Timestamp) -> KnownNode {
        let former = nodes[status.node]
        let greeted = greeted.removeValue(forKey: status.node)
        let isExpected = expected.removeValue(forKey: status.node) != nil
        let name = greeted ?? former?.name ?? ""
        if let former, former.status.state == status.state, !isExpected, greeted == nil {
            // One of its sessions is over, and another goes on.
            nodes[status.node]?.status = status
            return KnownNode(name: name, status: status, since: former.since)
        }
        nodes[status.node] = Entry(name: name, status: status, since: wall)
        if status.state.isAlive { died.remove(status.node) } else { died.insert(status.node) }
        // Never the same moment twice: it is part of the entry's key.
        lastEntry = Timestamp(microseconds: max(wall.microseconds, lastEntry.microseconds + 1))
        let isRevoked = revoked.remove(status.node) != nil && status.state == .left
        log.append(
            NodeLogEntry(
                node: status.node, at: lastEntry, kind: isRevoked ? .revoked : status.state.event, term: term,
                slots: status.slots, memory: status.memory, detail: detail))
        return KnownNode(name: name, status: status, since: wall)
    }

    /// Those that did not come back in time, which are dead now.
    mutating func overdue(now: MonotonicTime, wall: Timestamp) -> [KnownNode] {
        let late = expected.filter { $0.value < now }.keys.sorted()
        return late.compactMap { id in
            guard let entry = nodes[id] else { return nil }
            let status = NodeStatus(
                node: id, state: .dead, since: now, slots: entry.status.slots, memory: entry.status.memory, leases: 0,
                oldestLease: nil)
            return note(status, detail: "it did not come back to this master", wall: wall)
        }
    }

    /// All of them, ascending, with what the dispatcher knows of those attached.
    mutating func all(_ attached: [NodeStatus]) -> [KnownNode] {
        for status in attached { nodes[status.node]?.status = status }
        forgetOldest()
        return nodes.values.map { KnownNode(name: $0.name, status: $0.status, since: $0.since) }
            .sorted { $0.status.node < $1.status.node }
    }

    /// What is to be stored since the last call.
    mutating func takeChanges() -> Changes {
        defer {
            died = []
            log = []
        }
        let alive = nodes.filter { $0.value.status.state.isAlive && expected[$0.key] == nil }
        return Changes(seen: Set(alive.keys), dead: died, log: log)
    }

    private mutating func forgetOldest() {
        let gone = nodes.filter { !$0.value.status.state.isAlive }
        guard gone.count > Limits.goneNodes else { return }
        for (id, _) in gone.sorted(by: { $0.value.since < $1.value.since }).prefix(gone.count - Limits.goneNodes) {
            nodes[id] = nil
        }
    }
}

/// A node as it is told to whoever watches.
struct KnownNode: Sendable, Equatable {
    let name: String
    let status: NodeStatus
    /// Wall-clock time since when it is in its state.
    let since: Timestamp
}

extension NodeStatus.State {
    /// Whether it may still be there.
    var isAlive: Bool {
        switch self {
        case .attached, .unreachable, .draining: true
        case .dead, .left: false
        }
    }

    fileprivate var event: NodeLogEntry.Kind {
        switch self {
        case .attached: .attached
        case .unreachable: .unreachable
        case .draining: .draining
        case .dead: .dead
        case .left: .left
        }
    }
}
