internal import RunSurgeCore

extension DispatchMachine {
    // MARK: Coming and going

    mutating func attach(_ hello: WorkerHello, now: MonotonicTime) {
        if sessions[hello.session] == nil { enrol(hello, now: now) }
        // A repeated greeting names what an earlier Pull did not know of: only the next one tells what is free.
        sessions[hello.session]?.freeSlots = 0
        sessions[hello.session]?.prefetch = 0
        refreshHunger(hello.session)
        var keep: [LeaseToken] = []
        var cancel: [LeaseToken] = []
        var former: Set<SessionID> = []
        for token in hello.held {
            let holder = lease(of: token.key)?.holder
            if !isOver(token), claim(token, by: hello.session, now: now) {
                keep.append(token)
                if let holder, holder != hello.session { former.insert(holder) }
            } else {
                cancel.append(token)
            }
        }
        effects.append(.welcome(hello.session, keep: keep, cancel: cancel))
        // The worker has come back under a new session: what it did not bring along it no longer has.
        for session in former.sorted() where sessions[session]?.node == hello.node { detach(session, as: .left) }
    }

    /// A session ends otherwise than by silence: what it held waits again, and counts as no loss.
    mutating func detach(_ id: SessionID, as state: NodeStatus.State) {
        guard let session = dismiss(id, as: state) else { return }
        for key in session.held.keys.sorted() {
            guard let lease = lease(of: key), lease.holder == id else { continue }
            if lease.isCommitting {
                change(key) { $0.holder = nil }
            } else {
                putBack(lease)
            }
        }
    }

    /// The connection is gone; the worker may be back in a moment.
    mutating func markUnreachable(_ id: SessionID, now: MonotonicTime) {
        guard let session = sessions[id], !session.isUnreachable else { return }
        changeState(of: id) { $0.isUnreachable = true }
        let deadline = now + configuration.reconnectGrace
        for key in session.held.keys.sorted() {
            guard let lease = lease(of: key), !lease.isCommitting, lease.expires > deadline else { continue }
            let page = calendar.add(key, serial: lease.serial, at: deadline)
            change(key) {
                $0.expires = deadline
                $0.lookAt = page
            }
        }
    }

    mutating func hear(_ id: SessionID, now: MonotonicTime) {
        sessions[id]?.lastHeard = now
        if sessions[id]?.isSilent == true { changeState(of: id) { $0.isSilent = false } }
    }

    mutating func drain(_ id: SessionID, reason: String) {
        guard sessions[id]?.isDraining == false else { return }
        changeState(of: id) { $0.isDraining = true }
        effects.append(.drain(id, reason: reason))
    }

    mutating func revoke(_ node: NodeID) {
        for id in sessions(of: node) {
            let tokens = (sessions[id]?.held.keys.sorted() ?? []).compactMap { lease(of: $0)?.token }
            if !tokens.isEmpty { effects.append(.cancel(id, tokens, reason: "the node's key was revoked")) }
            detach(id, as: .left)
        }
    }

    mutating func begin(_ tokens: [LeaseToken], by id: SessionID) {
        for token in tokens {
            guard let lease = lease(of: token.key), lease.token == token, lease.holder == id else { continue }
            change(token.key) { $0.isStarted = true }
            if token.key.isDriver { resumeDriver(of: token.key.job) }
        }
    }

    private mutating func resumeDriver(of id: JobID) {
        guard jobs[id]?.lease?.isComputing == false else { return }
        let now = leaseTime
        changeDriverLease(of: id) {
            $0.charged = now
            $0.isComputing = true
        }
    }

    // MARK: Renewal

    mutating func renew(_ id: SessionID, _ pull: WorkerPull, now: MonotonicTime) {
        guard let session = sessions[id], pull.sequence > session.sequence else { return }
        sessions[id]?.sequence = pull.sequence
        sessions[id]?.lastHeard = now
        if session.isUnreachable || session.isSilent {
            changeState(of: id) {
                $0.isUnreachable = false
                $0.isSilent = false
            }
        }
        let expires = now + configuration.leaseDuration
        var over: [LeaseToken] = []
        for token in see(pull.held, by: id, until: expires, now: now)
        where !claim(token, by: id, now: now) {
            over.append(token)
        }
        if !over.isEmpty { effects.append(.cancel(id, over, reason: "the lease is over")) }
        sessions[id]?.freeSlots = max(0, pull.freeSlots)
        sessions[id]?.prefetch = max(0, pull.prefetch)
        sessions[id]?.freeMemory = max(0, pull.freeMemory)
        sessions[id]?.burned = 0
        refreshHunger(id)
    }

    /// Renews what a session holds. Leases of one region that are named together are looked at together.
    /// - Returns: those that it does not hold.
    private mutating func see(
        _ tokens: [LeaseToken], by id: SessionID, until expires: MonotonicTime, now: MonotonicTime
    ) -> [LeaseToken] {
        var others: [LeaseToken] = []
        var rest = tokens[...]
        while let token = rest.first {
            guard let region = token.key.region else {
                if !seeDriver(token, by: id, until: expires, now: now) { others.append(token) }
                rest = rest.dropFirst()
                continue
            }
            let run = rest.prefix { $0.key.region == region }
            rest = rest.dropFirst(run.count)
            guard let renewal = regions[region]?.renew(run, by: id, until: expires) else {
                others += run
                continue
            }
            sessions[id]?.see(renewal.firstSeen, memory: renewal.firstSeenMemory)
            others += renewal.others
        }
        return others
    }

    private mutating func seeDriver(
        _ token: LeaseToken, by id: SessionID, until expires: MonotonicTime, now: MonotonicTime
    ) -> Bool {
        guard let lease = lease(of: token.key), lease.token == token, lease.holder == id else { return false }
        change(token.key) {
            $0.expires = expires
            $0.isSeen = true
        }
        if !lease.isSeen { sessions[id]?.see(1, memory: lease.memory) }
        chargeDriver(of: token.key.job, now: now)
        return true
    }

    private func isOver(_ token: LeaseToken) -> Bool {
        token.key.region.map { regions[$0]?.isOver(token) == true } ?? false
    }

    /// Lets a session have what it says it holds, when nobody else does and the work is still wanted.
    private mutating func claim(_ token: LeaseToken, by id: SessionID, now: MonotonicTime) -> Bool {
        guard token.key.isDriver ? claimDriver(token, by: id, now: now) : claimChunk(token, by: id, now: now),
            let granted = lease(of: token.key)?.granted
        else { return false }
        sessions[id]?.held[token.key] = granted
        sessions[id]?.grants.add(token.key, granted)
        return true
    }

    private mutating func claimDriver(_ token: LeaseToken, by id: SessionID, now: MonotonicTime) -> Bool {
        guard case .leased(let lease) = jobs[token.key.job]?.driver, isSame(lease, token) else { return false }
        let taken = taken(lease, token, by: id, now: now)
        jobs[token.key.job]?.driver = .leased(taken)
        if let version = sessions[id]?.pythonVersion { fix(token.key.job, to: version) }
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
        let lease = newLease(
            token, expires: now, memory: entry.region.predictedPeak, seconds: entry.meanSeconds, now: now)
        if let owner = jobs[token.key.job]?.owner { charge(owner, lease.expectedSeconds * Double(lease.memory)) }
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
        var taken = newLease(
            token, holder: id, node: sessions[id]?.node, expires: now + configuration.leaseDuration,
            memory: lease.memory, seconds: lease.expectedSeconds, granted: lease.granted, now: now)
        taken.isSeen = true
        taken.isStarted = lease.isStarted
        taken.isComputing = lease.isComputing
        taken.isCommitting = lease.isCommitting
        schedule(&taken)
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
        refund(lease)
        regions[region]?.epochs[key.chunk] = lease.token.epoch
        regions[region]?.putBack(key.chunk, avoiding: node.map { [$0] } ?? [])
        touchedRegions.insert(region)
    }

    // MARK: Expiry

    /// Takes back what nobody renewed, and gives up on whom nobody has heard of. Cost: what is due, and one look at
    /// every session.
    mutating func sweep(now: MonotonicTime) {
        for (page, entries) in calendar.due(now) {
            for entry in entries { look(at: entry, page: page, now: now) }
        }
        for id in silentSessions(now: now) { changeState(of: id) { $0.isSilent = true } }
        for id in deadSessions(now: now) { detach(id, as: .dead) }
        publishChanges()
    }

    private mutating func look(at entry: ExpiryCalendar.Entry, page: Int64, now: MonotonicTime) {
        guard var lease = lease(of: entry.key), lease.serial == entry.serial, lease.lookAt == page,
            !lease.isCommitting
        else { return }
        guard lease.expires < now else {
            schedule(&lease)
            let page = lease.lookAt
            return change(entry.key) { $0.lookAt = page }
        }
        switch entry.key.region {
        case let region?:
            release(lease)
            chunkLost(region, lease, cause: lease.token.session == 0 ? nil : .lost)
        case nil:
            guard case .leased = jobs[entry.key.job]?.driver else { return }
            chargeDriver(of: entry.key.job, now: now)
            release(lease)
            driverLost(entry.key.job, lease, cause: .lost, reason: "its worker was lost")
        }
    }

    private func silentSessions(now: MonotonicTime) -> [SessionID] {
        sessions.values.filter { !$0.isSilent && $0.lastHeard + configuration.nodeTimeout < now }.map(\.id).sorted()
    }

    private func deadSessions(now: MonotonicTime) -> [SessionID] {
        sessions.values.filter { session in
            if session.lastHeard + configuration.leaseDuration * 2 < now { return true }
            let isGone =
                session.isSilent || (session.isUnreachable && session.lastHeard + configuration.reconnectGrace < now)
            return isGone && session.held.isEmpty
        }.map(\.id).sorted()
    }

    private mutating func publishChanges() {
        for id in changedJobs.sorted() {
            guard let job = jobs[id] else { continue }
            effects.append(.jobChanged(id, state(of: job), chunks: job.chunks, done: job.chunksDone))
        }
        changedJobs.removeAll(keepingCapacity: true)
    }

    func state(of job: JobEntry) -> JobState {
        if case .waiting = job.driver { .pendingSchedule } else { .running }
    }
}
