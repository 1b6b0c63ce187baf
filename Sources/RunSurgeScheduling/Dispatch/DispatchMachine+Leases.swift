internal import RunSurgeCore

extension DispatchMachine {
    mutating func changeLease(_ region: RegionID, _ chunk: Int64, _ change: (inout Lease) -> Void) {
        guard var lease = regions[region]?.leases[chunk] else { return }
        change(&lease)
        regions[region]?.leases[chunk] = lease
    }

    mutating func changeDriverLease(of job: JobID, _ change: (inout Lease) -> Void) {
        switch jobs[job]?.driver {
        case .leased(var lease):
            change(&lease)
            jobs[job]?.driver = .leased(lease)
        case .finishing(var lease):
            change(&lease)
            jobs[job]?.driver = .finishing(lease)
        case .waiting, nil: break
        }
    }

    func lease(of key: WorkKey) -> Lease? {
        guard let region = key.region else { return jobs[key.job]?.lease }
        return regions[region]?.leases[key.chunk]
    }

    mutating func change(_ key: WorkKey, _ change: (inout Lease) -> Void) {
        if let region = key.region {
            changeLease(region, key.chunk, change)
        } else {
            changeDriverLease(of: key.job, change)
        }
    }

    /// Takes a lease off its holder's account.
    mutating func release(_ lease: Lease, burning: Bool = false) {
        guard let holder = lease.holder, sessions[holder]?.held.remove(lease.token.key) != nil else { return }
        guard !lease.isSeen else { return }
        sessions[holder]?.inFlight -= 1
        sessions[holder]?.inFlightMemory -= lease.memory
        if burning { sessions[holder]?.burned += 1 }
        refreshHunger(holder)
    }

    /// Ends leases that somebody may be working on, and tells them.
    mutating func cancel(_ leases: [Lease], reason: String) {
        var byHolder: [SessionID: [LeaseToken]] = [:]
        for lease in leases {
            release(lease, burning: true)
            if let holder = lease.holder { byHolder[holder, default: []].append(lease.token) }
        }
        for (holder, tokens) in byHolder { effects.append(.cancel(holder, tokens, reason: reason)) }
    }

    mutating func acknowledge(_ token: LeaseToken, to session: SessionID, _ verdict: ResultVerdict) {
        verdicts[session, default: []].append(TokenVerdict(token: token, verdict: verdict))
    }

    mutating func refreshHunger(_ session: SessionID) {
        if sessions[session]?.isHungry == true { hungry.insert(session) } else { hungry.remove(session) }
    }

    // MARK: What waits

    /// Files a region, its job and its owner under what they are now: waiting or not.
    mutating func refile(_ id: RegionID) {
        guard let job = regions[id]?.region.job, let entry = jobs[job] else { return }
        let isReady = regions[id]?.hasReady == true
        let position = entry.readyRegions.firstIndex(of: id)
        switch (isReady, position) {
        case (true, nil):
            let place = entry.readyRegions.firstIndex { $0 > id } ?? entry.readyRegions.count
            jobs[job]?.readyRegions.insert(id, at: place)
        case (false, let position?): jobs[job]?.readyRegions.remove(at: position)
        default: return
        }
        refile(job: job)
    }

    mutating func refile(job id: JobID) {
        guard let job = jobs[id], users[job.owner] != nil else { return }
        let wasWaiting = waitingUsers.contains(job.owner)
        if case .waiting = job.driver {
            users[job.owner]?.drivers.insert(job.rank)
        } else {
            users[job.owner]?.drivers.remove(job.rank)
        }
        if job.readyRegions.isEmpty {
            users[job.owner]?.chunks.remove(job.rank)
        } else {
            users[job.owner]?.chunks.insert(job.rank)
        }
        guard users[job.owner]?.isWaiting == true else {
            waitingUsers.remove(job.owner)
            return
        }
        guard !wasWaiting else { return }
        // Who comes back to the queue has not saved up what others used meanwhile.
        let least = waitingUsers.compactMap { users[$0]?.usage }.min() ?? 0
        let own = users[job.owner]?.usage ?? 0
        users[job.owner]?.usage = max(own, least)
        waitingUsers.insert(job.owner)
    }
}
