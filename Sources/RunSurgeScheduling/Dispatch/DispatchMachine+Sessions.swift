internal import RunSurgeCore

extension DispatchMachine {
    // MARK: Coming and going

    mutating func attach(_ hello: WorkerHello, now: MonotonicTime) {
        if sessions[hello.session] == nil {
            sessions[hello.session] = SessionEntry(hello, now: now)
            liveNodes[hello.node, default: 0] += 1
            measureCluster()
        }
        // A repeated greeting names what an earlier Pull did not know of: only the next one tells what is free.
        sessions[hello.session]?.freeSlots = 0
        sessions[hello.session]?.prefetch = 0
        refreshHunger(hello.session)
        var keep: [LeaseToken] = []
        var cancel: [LeaseToken] = []
        var former: Set<SessionID> = []
        for token in hello.held {
            let holder = lease(of: token.key)?.holder
            if claim(token, by: hello.session, now: now) {
                keep.append(token)
                if let holder, holder != hello.session { former.insert(holder) }
            } else {
                cancel.append(token)
            }
        }
        effects.append(.welcome(hello.session, keep: keep, cancel: cancel))
        // The worker has come back under a new session: what it did not bring along it no longer has.
        for session in former where sessions[session]?.node == hello.node { detach(session) }
    }

    /// A worker leaves by itself: what it held waits again, and counts as no loss.
    mutating func detach(_ id: SessionID) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        hungry.remove(id)
        liveNodes[session.node, default: 1] -= 1
        if liveNodes[session.node] == 0 { liveNodes[session.node] = nil }
        measureCluster()
        for key in session.held {
            guard let lease = lease(of: key), lease.holder == id else { continue }
            if lease.isCommitting {
                change(key) { $0.holder = nil }
            } else {
                putBack(lease)
            }
        }
    }

    mutating func markUnreachable(_ id: SessionID, now: MonotonicTime) {
        guard let session = sessions[id], !session.isUnreachable else { return }
        sessions[id]?.isUnreachable = true
        refreshHunger(id)
        let deadline = now + configuration.reconnectGrace
        for key in session.held { change(key) { $0.expires = min($0.expires, deadline) } }
    }

    private mutating func measureCluster() {
        totalSlots = sessions.values.reduce(0) { $0 + $1.slots }
        largestMemory = sessions.values.reduce(0) { max($0, $1.memory) }
    }

    // MARK: Renewal

    mutating func renew(_ id: SessionID, _ pull: WorkerPull, now: MonotonicTime) {
        guard let session = sessions[id], pull.sequence > session.sequence else { return }
        sessions[id]?.sequence = pull.sequence
        sessions[id]?.lastHeard = now
        sessions[id]?.isUnreachable = false
        let expires = now + configuration.leaseDuration
        var over: [LeaseToken] = []
        for token in pull.held {
            if let lease = lease(of: token.key), lease.token == token, lease.holder == id {
                see(token.key, lease, by: id, until: expires)
            } else if !claim(token, by: id, now: now), !isDone(token.key) {
                over.append(token)
            }
        }
        if !over.isEmpty { effects.append(.cancel(id, over, reason: "the lease is over")) }
        sessions[id]?.freeSlots = max(0, pull.freeSlots)
        sessions[id]?.prefetch = max(0, pull.prefetch)
        sessions[id]?.freeMemory = max(0, pull.freeMemory)
        sessions[id]?.burned = 0
        refreshHunger(id)
    }

    private mutating func see(_ key: WorkKey, _ lease: Lease, by id: SessionID, until expires: MonotonicTime) {
        change(key) {
            $0.expires = expires
            $0.isSeen = true
        }
        guard !lease.isSeen else { return }
        sessions[id]?.inFlight -= 1
        sessions[id]?.inFlightMemory -= lease.memory
    }

    private func isDone(_ key: WorkKey) -> Bool {
        guard let region = key.region else { return false }
        return regions[region]?.done.contains(key.chunk) == true
    }

    /// Lets a session have what it says it holds, when nobody else does and the work is still wanted.
    private mutating func claim(_ token: LeaseToken, by id: SessionID, now: MonotonicTime) -> Bool {
        let isClaimed = token.key.isDriver ? claimDriver(token, by: id, now: now) : claimChunk(token, by: id, now: now)
        if isClaimed { sessions[id]?.held.insert(token.key) }
        return isClaimed
    }

    private mutating func claimDriver(_ token: LeaseToken, by id: SessionID, now: MonotonicTime) -> Bool {
        guard case .leased(let lease) = jobs[token.key.job]?.driver, isSame(lease, token) else { return false }
        let taken = taken(lease, token, by: id, now: now)
        jobs[token.key.job]?.driver = .leased(taken)
        // What was on its way to the old connection is lost: everything not committed goes out again, on request.
        for region in jobs[token.key.job]?.regions ?? [] { regions[region]?.stream.driver = nil }
        return true
    }

    private mutating func claimChunk(_ token: LeaseToken, by id: SessionID, now: MonotonicTime) -> Bool {
        guard let region = token.key.region, let entry = regions[region], entry.region.job == token.key.job,
            token.key.chunk < entry.count
        else { return false }
        if let lease = entry.leases[token.key.chunk] {
            guard isSame(lease, token) else { return false }
            let taken = taken(lease, token, by: id, now: now)
            regions[region]?.leases[token.key.chunk] = taken
            return true
        }
        let isLatest = token.epoch >= entry.epochs[token.key.chunk] ?? 1
        guard isLatest, regions[region]?.takeReady(token.key.chunk) == true else { return false }
        let lease = Lease(
            token: token, expires: now, memory: entry.region.predictedPeak, expectedSeconds: entry.meanSeconds)
        regions[region]?.epochs[token.key.chunk] = nil
        let taken = taken(lease, token, by: id, now: now)
        regions[region]?.leases[token.key.chunk] = taken
        touchedRegions.insert(region)
        return true
    }

    /// The same lease; one that was read back from the store is known by its epoch alone.
    private func isSame(_ lease: Lease, _ token: LeaseToken) -> Bool {
        lease.token == token || (lease.token.session == 0 && lease.holder == nil && token.epoch >= lease.token.epoch)
    }

    private mutating func taken(_ lease: Lease, _ token: LeaseToken, by id: SessionID, now: MonotonicTime) -> Lease {
        release(lease)
        var taken = Lease(
            token: token, holder: id, node: sessions[id]?.node, expires: now + configuration.leaseDuration,
            memory: lease.memory, expectedSeconds: lease.expectedSeconds)
        taken.isSeen = true
        taken.isCommitting = lease.isCommitting
        return taken
    }

    /// A worker refuses what it was given: somebody else first.
    mutating func giveBack(_ token: LeaseToken, from id: SessionID) {
        guard let lease = lease(of: token.key), lease.token == token, lease.holder == id, !lease.isCommitting else {
            return
        }
        release(lease)
        putBack(lease, avoiding: sessions[id]?.node)
    }

    /// Makes the work of a lease wait again, under its old epoch, without counting a loss.
    mutating func putBack(_ lease: Lease, avoiding node: NodeID? = nil) {
        let key = lease.token.key
        guard let region = key.region else { return driverLost(key.job, lease, cause: nil, reason: "") }
        regions[region]?.leases[key.chunk] = nil
        guard let count = regions[region]?.count, key.chunk < count else { return }
        regions[region]?.epochs[key.chunk] = lease.token.epoch
        touchedRegions.insert(region)
        guard let node else {
            regions[region]?.ready.insert(key.chunk)
            return
        }
        let retry = RegionEntry.Retry(
            chunk: key.chunk, memory: regions[region]?.region.predictedPeak ?? 0, avoided: [node])
        regions[region]?.retries.append(retry)
    }

    // MARK: Expiry

    /// Takes back what nobody renewed. Cost: one look at every lease.
    mutating func sweep(now: MonotonicTime) {
        let silent = sessions.values.filter {
            $0.lastHeard + configuration.leaseDuration * 2 < now || ($0.isUnreachable && $0.held.isEmpty)
        }
        for job in Array(jobs.values) {
            guard case .leased(let lease) = job.driver, lease.expires < now else { continue }
            release(lease)
            driverLost(job.id, lease, cause: .lost, reason: "its worker was lost")
        }
        for (id, region) in regions {
            for lease in region.leases.values where lease.expires < now && !lease.isCommitting {
                release(lease)
                chunkLost(id, lease, cause: lease.token.session == 0 ? nil : .lost)
            }
        }
        for session in silent { detach(session.id) }
        publishChanges()
    }

    private mutating func publishChanges() {
        for id in changedJobs {
            guard let job = jobs[id] else { continue }
            effects.append(.jobChanged(id, state(of: job), chunks: job.chunks, done: job.chunksDone))
        }
        changedJobs.removeAll(keepingCapacity: true)
    }

    func state(of job: JobEntry) -> JobState {
        if case .waiting = job.driver { .pendingSchedule } else { .running }
    }
}
