internal import RunSurgeCore

extension DispatchMachine {
    mutating func changeLease(_ region: RegionID, _ chunk: Int64, _ change: (inout Lease) -> Void) {
        regions[region]?.leases.change(chunk, change)
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

    // MARK: Making

    mutating func newLease(
        _ token: LeaseToken, holder: SessionID? = nil, node: NodeID? = nil, expires: MonotonicTime, memory: Int64,
        seconds: Double, granted: MonotonicTime? = nil, now: MonotonicTime
    ) -> Lease {
        lastLease += 1
        return Lease(
            token: token, serial: lastLease, holder: holder, node: node, expires: expires,
            granted: granted ?? realTime, memory: memory, expectedSeconds: seconds, charged: now)
    }

    /// Has the calendar look at a lease when it expires.
    mutating func schedule(_ lease: inout Lease) {
        lease.lookAt = calendar.add(lease.token.key, serial: lease.serial, at: lease.expires)
    }

    // MARK: Ending

    /// Takes a lease off its holder's account.
    mutating func release(_ lease: Lease, burning: Bool = false) {
        guard let holder = lease.holder, sessions[holder]?.release(lease, burning: burning) == true else { return }
        refreshHunger(holder)
    }

    /// Ends leases that somebody may be working on, and tells them.
    mutating func cancel(_ leases: [Lease], reason: String) {
        var byHolder: [SessionID: [LeaseToken]] = [:]
        for lease in leases.sorted(by: { $0.serial < $1.serial }) {
            release(lease, burning: true)
            if let holder = lease.holder { byHolder[holder, default: []].append(lease.token) }
        }
        for holder in byHolder.keys.sorted() {
            effects.append(.cancel(holder, byHolder[holder] ?? [], reason: reason))
        }
    }

    mutating func acknowledge(_ token: LeaseToken, to session: SessionID, _ verdict: ResultVerdict) {
        verdicts[session, default: []].append(TokenVerdict(token: token, verdict: verdict))
    }

    mutating func refreshHunger(_ id: SessionID) {
        guard let hunger = sessions[id]?.hunger() else { return }
        if hunger.isHungry {
            hungry.insert(hunger.rank)
            changedSessions.insert(id)
        } else {
            hungry.remove(hunger.rank)
        }
    }

    /// Charges a driver's owner for the slot that it computes in.
    mutating func chargeDriver(of id: JobID, now: MonotonicTime) {
        guard let job = jobs[id], let lease = job.lease, now > lease.charged else { return }
        changeDriverLease(of: id) { $0.charged = now }
        guard lease.isComputing, let holder = lease.holder, let share = sessions[holder]?.memoryShare else { return }
        charge(job.owner, (now - lease.charged).seconds * Double(share))
    }

    /// It has said that it waits for a region: it has no slot until it is begun again.
    mutating func suspendDriver(of id: JobID) {
        guard jobs[id]?.lease?.isComputing == true else { return }
        chargeDriver(of: id, now: leaseTime)
        changeDriverLease(of: id) { $0.isComputing = false }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
