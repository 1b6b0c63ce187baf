internal import RunSurgeCore

extension DispatchMachine {
    /// What must hold between events; nil when it does. For tests and the simulator: it looks at everything.
    public var brokenInvariant: String? {
        for (id, region) in regions {
            if let broken = broken(region) { return "region \(id): \(broken)" }
        }
        for session in sessions.values {
            if let broken = broken(session) { return "session \(session.id): \(broken)" }
        }
        for job in jobs.values {
            if let broken = broken(job) { return "job \(job.id): \(broken)" }
        }
        return brokenIndex
    }

    /// Every chunk is in exactly one place.
    private func broken(_ region: RegionEntry) -> String? {
        for chunk in 0..<region.count {
            let places = [
                region.ready.contains(chunk), region.done.contains(chunk), region.leases[chunk] != nil,
                region.retries.contains { $0.chunk == chunk },
            ]
            let count = places.count { $0 }
            if count != 1 { return "chunk \(chunk) is in \(count) places: ready, done, leased, retry \(places)" }
        }
        if region.ready.endOfRun(from: region.count) != region.count { return "a chunk past the end waits" }
        for (chunk, lease) in region.leases {
            if lease.token.key.chunk != chunk { return "a lease of chunk \(chunk) names another" }
            if let broken = broken(lease) { return "chunk \(chunk): \(broken)" }
        }
        if region.stream.sentBytes < 0 || region.stream.cachedBytes < 0 { return "its stream has a negative size" }
        return jobs[region.region.job]?.regions.contains(region.region.id) == true ? nil : "its job does not know it"
    }

    private func broken(_ lease: Lease) -> String? {
        guard let holder = lease.holder, !lease.isCommitting else { return nil }
        guard let session = sessions[holder] else { return "its holder is gone" }
        return session.held[lease.token.key] != nil ? nil : "its holder does not hold it"
    }

    private func broken(_ session: SessionEntry) -> String? {
        var unseen = 0
        var memory: Int64 = 0
        for key in session.held.keys {
            guard let lease = lease(of: key), lease.holder == session.id else { return "\(key) is not leased to it" }
            guard !lease.isSeen else { continue }
            unseen += 1
            memory += lease.memory
        }
        if unseen != session.inFlight { return "\(session.inFlight) in flight, \(unseen) unseen" }
        if memory != session.inFlightMemory { return "\(session.inFlightMemory) bytes in flight, \(memory) unseen" }
        if session.grants.oldest != session.held.values.min() { return "its oldest grant is filed wrongly" }
        return session.isHungry == hungry.contains(session.rank) ? nil : "its hunger is filed wrongly"
    }

    private func broken(_ job: JobEntry) -> String? {
        if case .leased(let lease) = job.driver, let broken = broken(lease) { return "driver: \(broken)" }
        let waits = if case .waiting = job.driver { true } else { false }
        if waits != (job.filedDriver != nil) { return "its driver is filed wrongly" }
        if let key = job.filedDriver, users[job.owner]?.queues[key]?.drivers.contains(job.driverRank) != true {
            return "its driver is in no queue"
        }
        for id in job.regions {
            guard let region = regions[id] else { return "its region \(id) is gone" }
            let wanted = job.pythonVersion == nil ? [] : region.filings(under: job.traits)
            if wanted != region.filings { return "region \(id) is filed as \(region.filings), really \(wanted)" }
            for filing in wanted where users[job.owner]?.queues[filing.key]?.chunks.contains(job.rank(of: id)) != true {
                return "region \(id) is in no queue"
            }
        }
        return nil
    }

    private var brokenIndex: String? {
        let waiting = users.filter { $0.value.isWaiting }.map { UserTurn(usage: $0.value.usage, user: $0.key) }
        if waiting.sorted() != turns.elements { return "turns \(turns.elements), really \(waiting)" }
        let ready = regions.values.reduce(Int64(0)) { $0 + $1.filings.reduce(0) { $0 + $1.chunks } }
        if ready != totalReady { return "\(totalReady) chunks filed, really \(ready)" }
        let drivers = jobs.values.count { $0.filedDriver != nil }
        if queueTotals.values.reduce(0, { $0 + $1.drivers }) != drivers { return "\(drivers) drivers are filed" }
        let queues = users.values.reduce(0) { $0 + $1.queues.values.reduce(0) { $0 + $1.chunks.count } }
        if queues != regions.values.reduce(0, { $0 + $1.filings.count }) { return "\(queues) regions are queued" }
        let bytes = regions.values.reduce(Int64(0)) { $0 + $1.stream.cachedBytes }
        if bytes != cachedBytes { return "\(cachedBytes) bytes cached, really \(bytes)" }
        let slots = sessions.values.reduce(0) { $0 + $1.slots }
        if slots != totalSlots { return "\(totalSlots) slots, really \(slots)" }
        let classed = workerClasses.values.reduce(0) { $0 + $1.memory.count }
        return classed == sessions.count ? nil : "\(classed) workers are classed, \(sessions.count) attached"
    }
}
