internal import RunSurgeCore

extension DispatchMachine {
    /// Deals what waits: one unit a free slot in turn, then deeper queues from what is left.
    ///
    /// Looks at whose credit has changed; at everybody with credit only when there is something new to deal.
    mutating func deal(now: MonotonicTime) {
        defer {
            changedSessions.removeAll(keepingCapacity: true)
            isRedealDue = false
        }
        guard let first = turns.first, !hungry.isEmpty else { return }
        levelUsage = max(levelUsage, first.usage)
        let order =
            isRedealDue
            ? hungry.elements
            : changedSessions.compactMap { sessions[$0] }.filter(\.isHungry).map(\.rank).sorted()
        var hands: [SessionID: Hand] = [:]
        fillSlots(order, &hands, now)
        // A driver that has found its slot holds nobody's queue back any longer.
        fillQueues(isRedealDue ? hungry.elements : order, &hands, now)
        send(hands)
    }

    /// What one session gets in one round of dealing.
    struct Hand {
        let rank: SessionRank
        var assignments: [Assignment] = []
        var contexts: [RegionDescription] = []
        var records: [LeaseRecord] = []
    }

    private mutating func fillSlots(_ order: [SessionRank], _ hands: inout [SessionID: Hand], _ now: MonotonicTime) {
        var round = order
        while !round.isEmpty {
            var next: [SessionRank] = []
            for rank in round {
                if turns.isEmpty { return }
                guard let session = sessions[rank.id], session.slotCredit > 0 else { continue }
                if give(to: session, upTo: 1, isSlot: true, &hands, now) > 0 { next.append(rank) }
            }
            round = next
        }
    }

    private mutating func fillQueues(_ order: [SessionRank], _ hands: inout [SessionID: Hand], _ now: MonotonicTime) {
        for rank in order {
            guard !turns.isEmpty, let session = sessions[rank.id] else { return }
            var left = min(Int64(session.queueCredit), fairQueue(of: session))
            while left > 0, let session = sessions[rank.id] {
                let given = give(to: session, upTo: left, isSlot: false, &hands, now)
                if given == 0 { break }
                left -= given
            }
        }
    }

    private mutating func send(_ hands: [SessionID: Hand]) {
        for hand in hands.values.sorted(by: { $0.rank < $1.rank }) {
            refreshHunger(hand.rank.id)
            effects.append(.assign(hand.rank.id, hand.assignments, contexts: hand.contexts))
            effects.append(.recordLeases(hand.records))
        }
    }

    /// Chunks that may queue at one worker, so that the last ones don't wait there while others are idle.
    ///
    /// Workers ask for a time's worth of chunks (`WorkerSettings.prefetchSeconds`): a twelfth of it, 5 ms, keeps nobody
    /// waiting for long, and ever smaller shares of what is left would cost more in messages than they level out.
    private func fairQueue(of session: SessionEntry) -> Int64 {
        guard session.slots < totalSlots else { return .max }
        let share = totalReady * Int64(session.slots) / Int64(2 * totalSlots)
        return max(1, share, Int64(session.prefetch / 12))
    }

    // MARK: Whose turn it is

    /// Gives a session work of the user who has used the least and has any that fits; how many units.
    private mutating func give(
        to session: SessionEntry, upTo limit: Int64, isSlot: Bool, _ hands: inout [SessionID: Hand],
        _ now: MonotonicTime
    ) -> Int64 {
        guard isAnythingThere(for: session, isSlot: isSlot) else { return 0 }
        for position in 0..<turns.count {
            let turn = turns[position]
            // As much as until it is the next one's turn.
            let lead = position + 1 < turns.count ? turns[position + 1].usage - turn.usage : .infinity
            var last: WorkRank?
            while let work = nextWork(of: turn.user, after: last, for: session, isSlot: isSlot) {
                last = work
                if let region = work.region {
                    let given = giveChunks(
                        of: region, to: session, upTo: limit, lead: lead, isSlot: isSlot, &hands, now)
                    if given > 0 { return given }
                } else if isDriverFit(work.job, for: session) {
                    if isSlot { return giveDriver(of: work.job, to: session, &hands, now) }
                    // It wants a slot, and none becomes free where chunks always wait for the next.
                    isQueueHeldBack = true
                    return 0
                }
            }
        }
        return 0
    }

    private mutating func isAnythingThere(for session: SessionEntry, isSlot: Bool) -> Bool {
        for (key, totals) in queueTotals where (isSlot && totals.drivers > 0) || totals.chunks > 0 {
            if admits(key, session, isSlot: isSlot, isDriver: false) && totals.chunks > 0 { return true }
            if isSlot, totals.drivers > 0, admits(key, session, isSlot: true, isDriver: true) { return true }
        }
        return false
    }

    /// Whether work filed under `key` may fit; by its memory step, not by its exact need.
    private mutating func admits(_ key: QueueKey, _ session: SessionEntry, isSlot: Bool, isDriver: Bool) -> Bool {
        let placement = placement(of: key.traits)
        guard placement.classes.contains(session.kind) else { return false }
        if isDriver { return key.leastMemory <= session.memory }
        let reach = isSlot ? session.slotReach : session.memoryShare
        return min(key.leastMemory, placement.largestMemory) <= reach
    }

    /// The next in the user's order that may fit.
    private mutating func nextWork(
        of user: UserID, after last: WorkRank?, for session: SessionEntry, isSlot: Bool
    ) -> WorkRank? {
        guard let keys = users[user]?.queues.keys else { return nil }
        var best: WorkRank?
        for key in keys {
            guard let queue = users[user]?.queues[key] else { continue }
            if let driver = queue.drivers.next(after: last), best.map({ driver < $0 }) ?? true,
                admits(key, session, isSlot: isSlot, isDriver: true)
            {
                best = driver
            }
            if let chunks = queue.chunks.next(after: last), best.map({ chunks < $0 }) ?? true,
                admits(key, session, isSlot: isSlot, isDriver: false)
            {
                best = chunks
            }
        }
        return best
    }

    // MARK: Drivers

    private mutating func isDriverFit(_ id: JobID, for worker: SessionEntry) -> Bool {
        guard let job = jobs[id], case .waiting = job.driver, worker.memory >= job.driverMemory else { return false }
        return !isAvoided(job.avoided, worker.node, traits: job.traits, need: job.driverMemory)
    }

    private mutating func giveDriver(
        of id: JobID, to worker: SessionEntry, _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) -> Int64 {
        guard let job = jobs[id] else { return 0 }
        let token = LeaseToken(key: .driver(of: id), term: term, epoch: job.driverEpoch + 1, session: worker.id)
        jobs[id]?.driverEpoch = token.epoch
        let lease = grant(token, memory: worker.memory, seconds: 0, to: worker, now)
        jobs[id]?.driver = .leased(lease)
        if job.started == nil { jobs[id]?.started = realTime }
        fix(id, to: worker.pythonVersion)
        refile(driverOf: id)
        changedJobs.insert(id)
        let description = DriverDescription(
            job: id, specification: job.specification, plan: job.plan, resume: job.resume)
        hands[worker.id, default: Hand(rank: worker.rank)].assignments.append(
            Assignment(token: token, memory: worker.memory, work: .driver(description)))
        hands[worker.id]?.records.append(LeaseRecord(token: token, node: worker.node))
        return 1
    }

    /// Whether a worker is to be passed over because another, without that history, could take the work as well.
    private mutating func isAvoided(_ avoided: Set<NodeID>, _ node: NodeID, traits: Int, need: Int64) -> Bool {
        avoided.contains(node) && isAnybodyElseAble(besides: avoided, traits: traits, need: need)
    }

    // MARK: Chunks

    /// Of unknown cost, a chunk is taken to last this long: nobody gets any number of them for nothing.
    private static let leastSeconds = 0.000_1

    private mutating func giveChunks(
        of id: RegionID, to worker: SessionEntry, upTo limit: Int64, lead: Double, isSlot: Bool,
        _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) -> Int64 {
        guard let job = regions[id]?.region.job, let traits = jobs[job]?.traits else { return 0 }
        let largest = placement(of: traits).largestMemory
        if giveRetry(of: id, to: worker, traits: traits, largest: largest, isSlot: isSlot, &hands, now) {
            refile(id)
            return 1
        }
        guard regions[id]?.ready.isEmpty == false, let need = regions[id]?.region.predictedPeak,
            let memory = memory(for: need, largest: largest, on: worker, isSlot: isSlot)
        else { return 0 }
        let price = max(regions[id]?.meanSeconds ?? 0, Self.leastSeconds) * Double(memory)
        let count = min(Double(limit), max(0, lead / price).rounded(.down) + 1)
        guard let chunks = regions[id]?.ready.popFirst(upTo: Int64(count)) else { return 0 }
        giveRun(chunks, of: id, memory: memory, to: worker, &hands, now)
        refile(id)
        return Int64(chunks.count)
    }

    private mutating func giveRetry(
        of id: RegionID, to worker: SessionEntry, traits: Int, largest: Int64, isSlot: Bool,
        _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) -> Bool {
        guard let retries = regions[id]?.retries, !retries.isEmpty else { return false }
        for (position, retry) in retries.enumerated() where isSlot || !retry.isSuspect {
            guard let memory = memory(for: retry.memory, largest: largest, on: worker, isSlot: isSlot),
                !isAvoided(retry.avoided, worker.node, traits: traits, need: retry.memory)
            else { continue }
            regions[id]?.retries.remove(at: position)
            giveRun(
                retry.chunk..<(retry.chunk + 1), of: id, memory: memory, isAlone: retry.isSuspect, to: worker, &hands,
                now)
            return true
        }
        return false
    }

    /// - Parameter isAlone: it may have been the reason of a loss.
    private mutating func giveRun(
        _ chunks: Range<Int64>, of id: RegionID, memory: Int64, isAlone: Bool = false, to worker: SessionEntry,
        _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) {
        guard let job = regions[id]?.region.job, let owner = jobs[job]?.owner else { return }
        // Out of the dictionary, so that what grows in it is not copied.
        var hand = hands.removeValue(forKey: worker.id) ?? Hand(rank: worker.rank)
        introduce(id, of: job, to: worker.id, &hand)
        let seconds = max(regions[id]?.meanSeconds ?? 0, Self.leastSeconds)
        for chunk in chunks {
            guard let lent = regions[id]?.lend(chunk) else { continue }
            let token = LeaseToken(
                key: WorkKey(job: job, region: id, chunk: chunk), term: term, epoch: lent.epoch, session: worker.id)
            var lease = grant(token, memory: memory, seconds: seconds, to: worker, now)
            lease.isStarted = isAlone
            regions[id]?.leases[chunk] = lease
            hand.assignments.append(Assignment(token: token, memory: memory, work: .chunk(lent.units)))
            hand.records.append(LeaseRecord(token: token, node: worker.node))
        }
        charge(owner, seconds * Double(memory) * Double(chunks.count))
        hands[worker.id] = hand
    }

    /// Tells a worker of a region that it has not heard of in this session.
    private mutating func introduce(_ id: RegionID, of job: JobID, to session: SessionID, _ hand: inout Hand) {
        guard sessions[session]?.knownRegions.insert(id).inserted == true, let region = regions[id]?.region,
            let entry = jobs[job]
        else { return }
        hand.contexts.append(
            RegionDescription(region: region, specification: entry.specification, plan: entry.plan))
    }

    /// The limit of a process that needs `need` bytes; nil when the worker can't take it now.
    private func memory(for need: Int64, largest: Int64, on worker: SessionEntry, isSlot: Bool) -> Int64? {
        guard need > worker.memoryShare else { return worker.memoryShare }
        // More than a slot's share: only into a slot that is free now, with memory that is free now.
        let need = min(need, largest)
        if need <= worker.memoryShare { return worker.memoryShare }
        return isSlot && worker.freeMemory - worker.inFlightMemory >= need ? need : nil
    }

    private mutating func grant(
        _ token: LeaseToken, memory: Int64, seconds: Double, to worker: SessionEntry, _ now: MonotonicTime
    ) -> Lease {
        sessions[worker.id]?.grant(token.key, memory: memory, at: realTime)
        var lease = newLease(
            token, holder: worker.id, node: worker.node, expires: now + configuration.leaseDuration, memory: memory,
            seconds: seconds, now: now)
        schedule(&lease)
        return lease
    }
}
