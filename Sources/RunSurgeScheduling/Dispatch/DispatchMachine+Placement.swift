internal import RunSurgeCore

/// Where work of some traits can go.
struct Placement: Sendable {
    /// Numbers of the worker classes, ascending.
    let classes: [Int]
    let slots: Int
    /// Bytes of the largest of their workers.
    let largestMemory: Int64
    /// Bytes that a slot of the least of them may use; nil without any.
    let leastShare: Int64?
}

extension DispatchMachine {
    /// Workers of the job's interpreter that have as many of the modules that it imports as any: a module that nobody
    /// has is not waited for, its absence is Python's to report.
    mutating func placement(of traits: Int) -> Placement {
        if let known = placements[traits] { return known }
        let placement = makePlacement(of: traits)
        placements[traits] = placement
        return placement
    }

    private func makePlacement(of traits: Int) -> Placement {
        guard let wanted = workTraits[traits] else {
            return Placement(classes: [], slots: 0, largestMemory: 0, leastShare: nil)
        }
        func matches(_ worker: WorkerClass) -> Int {
            wanted.modules.isEmpty ? 0 : wanted.modules.intersection(worker.traits.modules).count
        }
        let able = workerClasses.filter {
            wanted.pythonVersion == nil || wanted.pythonVersion == $0.value.traits.pythonVersion
        }
        let most = able.values.lazy.map(matches).max() ?? 0
        let chosen = able.filter { matches($0.value) == most }
        return Placement(
            classes: chosen.keys.sorted(), slots: chosen.values.reduce(0) { $0 + $1.slots },
            largestMemory: chosen.values.lazy.compactMap(\.memory.last).max() ?? 0,
            leastShare: chosen.values.lazy.compactMap { $0.shares.first(after: 0) }.min())
    }

    /// Whether somebody else than the nodes in `avoided` could be given work that needs so much.
    mutating func isAnybodyElseAble(besides avoided: Set<NodeID>, traits: Int, need: Int64) -> Bool {
        let placement = placement(of: traits)
        let need = min(need, placement.largestMemory)
        let able = placement.classes.reduce(0) { $0 + (workerClasses[$1]?.reachable.count(atLeast: need) ?? 0) }
        let own = avoided.reduce(0) { count, node in
            count
                + (nodes[node] ?? []).count { id in
                    guard let session = sessions[id] else { return false }
                    return session.isOpen && session.memory >= need && placement.classes.contains(session.kind)
                }
        }
        return able > own
    }

    // MARK: Workers

    mutating func enrol(_ hello: WorkerHello, now: MonotonicTime) {
        let traits = WorkerClass.Traits(pythonVersion: hello.pythonVersion, modules: hello.modules)
        let kind = workerTraits.take(traits)
        let session = SessionEntry(hello, kind: kind, heard: now, now: realTime)
        sessions[session.id] = session
        workerClasses[kind, default: WorkerClass(traits)].add(session)
        nodes[session.node, default: []].insert(session.id)
        totalSlots += session.slots
        placements.removeAll(keepingCapacity: true)
        reportState(of: session.node)
    }

    /// Takes a session out; what it held is the caller's to settle.
    mutating func dismiss(_ id: SessionID, as state: NodeStatus.State) -> SessionEntry? {
        guard let session = sessions.removeValue(forKey: id) else { return nil }
        hungry.remove(session.rank)
        changedSessions.remove(id)
        workerClasses[session.kind]?.remove(session)
        if workerTraits.drop(session.kind) { workerClasses[session.kind] = nil }
        nodes[session.node]?.remove(id)
        totalSlots -= session.slots
        placements.removeAll(keepingCapacity: true)
        isRedealDue = true
        if nodes[session.node]?.isEmpty == true {
            nodes[session.node] = nil
            effects.append(
                .nodeChanged(
                    NodeStatus(
                        node: session.node, state: state, since: realTime, slots: session.slots,
                        memory: session.memory, leases: 0, oldestLease: nil)))
        }
        return session
    }

    /// Changes what decides whether a session may be given work.
    mutating func changeState(of id: SessionID, _ change: (inout SessionEntry) -> Void) {
        guard let former = sessions[id] else { return }
        var session = former
        change(&session)
        guard session.state != former.state || session.isOpen != former.isOpen else {
            sessions[id] = session
            return
        }
        session.since = realTime
        workerClasses[session.kind]?.remove(former)
        workerClasses[session.kind]?.add(session)
        sessions[id] = session
        // What was kept for it may go to others.
        if !session.isOpen { isRedealDue = true }
        refreshHunger(id)
        reportState(of: session.node)
    }

    private mutating func reportState(of node: NodeID) {
        if let status = status(of: node, now: realTime) { effects.append(.nodeChanged(status)) }
    }
}
