public import RunSurgeCore

/// What others may look at.
extension DispatchMachine {
    /// Cost: one look at every session, region and job.
    public var counts: DispatchCounts {
        var counts = DispatchCounts(nodes: nodes.count, slots: totalSlots)
        for region in regions.values {
            counts.readyChunks += region.readyCount
            counts.leasedChunks += Int64(region.leases.count)
        }
        for job in jobs.values {
            if case .waiting = job.driver { counts.waitingJobs += 1 } else { counts.runningJobs += 1 }
        }
        counts.oldestGrant = sessions.values.lazy.compactMap(\.grants.oldest).min()
        counts.chunksAccepted = chunksAccepted
        counts.attemptsLost = attemptsLost
        counts.queues = queueDepths
        return counts
    }

    private var queueDepths: [QueueDepth] {
        queueTotals.keys.sorted().compactMap { key in
            guard let totals = queueTotals[key], let traits = workTraits[key.traits] else { return nil }
            return QueueDepth(
                pythonVersion: traits.pythonVersion ?? "", modules: traits.modules.sorted(), memory: key.mostMemory,
                readyChunks: totals.chunks, waitingDrivers: totals.drivers)
        }
    }

    /// Every node with a session, ascending. Cost: one look at every session.
    public func nodeStates(now: MonotonicTime) -> [NodeStatus] {
        nodes.keys.sorted().compactMap { status(of: $0, now: now) }
    }

    /// The state of the best of its sessions; nil when it has none.
    func status(of node: NodeID, now: MonotonicTime) -> NodeStatus? {
        let entries = (nodes[node] ?? []).sorted().compactMap { sessions[$0] }
        guard let best = entries.min(by: { $0.state.rank < $1.state.rank }) else { return nil }
        return NodeStatus(
            node: node, state: best.state, since: best.since, slots: best.slots, memory: best.memory,
            leases: entries.reduce(0) { $0 + $1.held.count },
            oldestLease: entries.compactMap(\.grants.oldest).min().map { now - $0 })
    }

    public var knownJobs: Set<JobID> { Set(jobs.keys) }
    public func specification(of job: JobID) -> JobSpecification? { jobs[job]?.specification }
    public var attachedNodes: Set<NodeID> { Set(nodes.keys) }
    public func node(of session: SessionID) -> NodeID? { sessions[session]?.node }
    public func sessions(of node: NodeID) -> [SessionID] { (nodes[node] ?? []).sorted() }

    /// Chunks of a user that wait. Cost: one look at every region.
    public func readyChunks(of user: UserID) -> Int64 {
        regions.values.reduce(0) { sum, region in
            guard jobs[region.region.job]?.owner == user else { return sum }
            return sum + region.filings.reduce(0) { $0 + $1.chunks }
        }
    }

    /// Whether anything of a user waits to be dealt, chunks or drivers.
    public func isWaiting(_ user: UserID) -> Bool { users[user]?.isWaiting ?? false }

    /// Byte-seconds charged to a user; 0 for one that has used nothing lately.
    public func usage(of user: UserID) -> Double { users[user]?.usage ?? 0 }
}

extension NodeStatus.State {
    fileprivate var rank: Int {
        switch self {
        case .attached: 0
        case .draining: 1
        case .unreachable: 2
        case .dead: 3
        case .left: 4
        }
    }
}
