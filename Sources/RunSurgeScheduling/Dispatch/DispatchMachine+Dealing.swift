internal import RunSurgeCore

extension DispatchMachine {
    /// Deals what waits: one unit a free slot in turn, then deeper queues from what is left.
    mutating func deal(now: MonotonicTime) {
        guard !hungry.isEmpty, !waitingUsers.isEmpty else { return }
        var hands: [SessionID: Hand] = [:]
        // The smallest first: what fits them leaves the larger ones for what fits nowhere else.
        let order = hungry.compactMap { sessions[$0] }.sorted { ($0.memory, $0.id) < ($1.memory, $1.id) }.map(\.id)
        var round = order
        while !round.isEmpty, !waitingUsers.isEmpty {
            round = round.filter { id in
                guard let session = sessions[id], session.slotCredit > 0 else { return false }
                return give(to: id, upTo: 1, isSlot: true, &hands, now) > 0
            }
        }
        for id in order where !waitingUsers.isEmpty {
            var left = min(Int64(sessions[id]?.queueCredit ?? 0), fairQueue(of: id))
            while left > 0, !waitingUsers.isEmpty {
                let given = give(to: id, upTo: left, isSlot: false, &hands, now)
                if given == 0 { break }
                left -= given
            }
        }
        for id in order {
            guard let hand = hands[id] else { continue }
            refreshHunger(id)
            effects.append(.assign(id, hand.assignments, contexts: hand.contexts))
            effects.append(.recordLeases(hand.records))
        }
    }

    /// What one session gets in one round of dealing.
    struct Hand {
        var assignments: [Assignment] = []
        var contexts: [RegionDescription] = []
        var records: [LeaseRecord] = []
    }

    /// Chunks that may queue at one worker, so that the last ones don't wait there while others are idle.
    private func fairQueue(of id: SessionID) -> Int64 {
        guard let session = sessions[id], session.slots < totalSlots else { return .max }
        let waiting = waitingUsers.reduce(Int64(0)) { sum, user in
            (users[user]?.chunks.ranks ?? []).prefix(16).reduce(sum) { sum, rank in
                (jobs[rank.id]?.readyRegions ?? []).reduce(sum) { $0 + (regions[$1]?.readyCount ?? 0) }
            }
        }
        return max(1, waiting * Int64(session.slots) / Int64(2 * totalSlots))
    }

    /// Gives a session work of the user who has used the least and has any that fits; how many units.
    private mutating func give(
        to id: SessionID, upTo limit: Int64, isSlot: Bool, _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) -> Int64 {
        if waitingUsers.count == 1, let user = waitingUsers.first {
            return give(to: id, from: user, upTo: limit, isSlot: isSlot, &hands, now)
        }
        let order = waitingUsers.sorted { (users[$0]?.usage ?? 0, $0) < (users[$1]?.usage ?? 0, $1) }
        for user in order {
            // One at a time: the next may be another user's turn.
            let given = give(to: id, from: user, upTo: min(limit, 1), isSlot: isSlot, &hands, now)
            if given > 0 { return given }
        }
        return 0
    }

    private mutating func give(
        to id: SessionID, from user: UserID, upTo limit: Int64, isSlot: Bool, _ hands: inout [SessionID: Hand],
        _ now: MonotonicTime
    ) -> Int64 {
        let drivers = isSlot ? users[user]?.drivers.ranks ?? [] : []
        let chunks = users[user]?.chunks.ranks ?? []
        var driver = 0
        var chunk = 0
        while driver < drivers.count || chunk < chunks.count {
            if driver < drivers.count, chunk >= chunks.count || drivers[driver] <= chunks[chunk] {
                if giveDriver(of: drivers[driver].id, to: id, &hands, now) { return 1 }
                driver += 1
            } else {
                let given = giveChunks(of: chunks[chunk].id, to: id, upTo: limit, isSlot: isSlot, &hands, now)
                if given > 0 { return given }
                chunk += 1
            }
        }
        return 0
    }

    // MARK: Drivers

    private mutating func giveDriver(
        of id: JobID, to session: SessionID, _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) -> Bool {
        guard let job = jobs[id], case .waiting = job.driver, let worker = sessions[session],
            worker.memory >= job.driverMemory, !isAvoided(job.avoided, worker.node, need: job.driverMemory)
        else { return false }
        let token = LeaseToken(key: .driver(of: id), term: term, epoch: job.driverEpoch + 1, session: session)
        jobs[id]?.driverEpoch = token.epoch
        let lease = grant(token, memory: worker.memory, seconds: 0, to: worker, now)
        jobs[id]?.driver = .leased(lease)
        if job.started == nil { jobs[id]?.started = now }
        refile(job: id)
        changedJobs.insert(id)
        let description = DriverDescription(
            job: id, specification: job.specification, plan: job.plan, resume: job.resume)
        hands[session, default: Hand()].assignments.append(
            Assignment(token: token, memory: worker.memory, work: .driver(description)))
        hands[session, default: Hand()].records.append(LeaseRecord(token: token, node: worker.node))
        return true
    }

    /// Whether a worker is to be passed over because another, without that history, could take the work as well.
    private func isAvoided(_ avoided: Set<NodeID>, _ node: NodeID, need: Int64) -> Bool {
        guard avoided.contains(node) else { return false }
        let need = min(need, largestMemory)
        return sessions.values.contains { !avoided.contains($0.node) && !$0.isUnreachable && $0.memory >= need }
    }

    // MARK: Chunks

    private mutating func giveChunks(
        of id: JobID, to session: SessionID, upTo limit: Int64, isSlot: Bool, _ hands: inout [SessionID: Hand],
        _ now: MonotonicTime
    ) -> Int64 {
        for region in jobs[id]?.readyRegions ?? [] {
            let given =
                giveRetry(of: region, to: session, isSlot: isSlot, &hands, now)
                ?? giveReady(of: region, to: session, upTo: limit, isSlot: isSlot, &hands, now)
            guard given > 0 else { continue }
            refile(region)
            return given
        }
        return 0
    }

    private mutating func giveRetry(
        of id: RegionID, to session: SessionID, isSlot: Bool, _ hands: inout [SessionID: Hand], _ now: MonotonicTime
    ) -> Int64? {
        guard let region = regions[id], !region.retries.isEmpty, let worker = sessions[session] else { return nil }
        for (position, retry) in region.retries.enumerated() {
            if isAvoided(retry.avoided, worker.node, need: retry.memory) { continue }
            guard let memory = memory(for: retry.memory, on: worker, isSlot: isSlot) else { continue }
            regions[id]?.retries.remove(at: position)
            giveChunk(retry.chunk, of: id, memory: memory, to: worker, &hands, now)
            return 1
        }
        return nil
    }

    private mutating func giveReady(
        of id: RegionID, to session: SessionID, upTo limit: Int64, isSlot: Bool, _ hands: inout [SessionID: Hand],
        _ now: MonotonicTime
    ) -> Int64 {
        guard let worker = sessions[session], let predicted = regions[id]?.region.predictedPeak,
            let memory = memory(for: predicted, on: worker, isSlot: isSlot),
            let chunks = regions[id]?.ready.popFirst(upTo: limit)
        else { return 0 }
        for chunk in chunks { giveChunk(chunk, of: id, memory: memory, to: worker, &hands, now) }
        return Int64(chunks.count)
    }

    private mutating func giveChunk(
        _ chunk: Int64, of id: RegionID, memory: Int64, to worker: SessionEntry, _ hands: inout [SessionID: Hand],
        _ now: MonotonicTime
    ) {
        guard let region = regions[id]?.region, let job = jobs[region.job] else { return }
        let epoch = (regions[id]?.epochs.removeValue(forKey: chunk) ?? 0) + 1
        let token = LeaseToken(
            key: WorkKey(job: region.job, region: id, chunk: chunk), term: term, epoch: epoch, session: worker.id)
        let seconds = regions[id]?.meanSeconds ?? 0
        let lease = grant(token, memory: memory, seconds: seconds, to: worker, now)
        regions[id]?.leases[chunk] = lease
        users[job.owner]?.usage += seconds * Double(memory)
        if sessions[worker.id]?.knownRegions.insert(id).inserted == true {
            hands[worker.id, default: Hand()].contexts.append(
                RegionDescription(region: region, specification: job.specification, plan: job.plan))
        }
        hands[worker.id, default: Hand()].assignments.append(
            Assignment(token: token, memory: memory, work: .chunk(region.ranges[chunk])))
        hands[worker.id, default: Hand()].records.append(LeaseRecord(token: token, node: worker.node))
    }

    /// The limit of a process that needs `need` bytes; nil when the worker can't take it now.
    private func memory(for need: Int64, on worker: SessionEntry, isSlot: Bool) -> Int64? {
        guard need > worker.memoryShare else { return worker.memoryShare }
        // More than a slot's share: only into a slot that is free now, with memory that is free now.
        let need = min(need, largestMemory)
        return isSlot && worker.freeMemory - worker.inFlightMemory >= need ? need : nil
    }

    private mutating func grant(
        _ token: LeaseToken, memory: Int64, seconds: Double, to worker: SessionEntry, _ now: MonotonicTime
    ) -> Lease {
        sessions[worker.id]?.held.insert(token.key)
        sessions[worker.id]?.inFlight += 1
        sessions[worker.id]?.inFlightMemory += memory
        return Lease(
            token: token, holder: worker.id, node: worker.node, expires: now + configuration.leaseDuration,
            memory: memory, expectedSeconds: seconds)
    }
}
