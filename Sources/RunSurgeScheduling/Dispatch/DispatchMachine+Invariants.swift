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
        return session.held.contains(lease.token.key) ? nil : "its holder does not hold it"
    }

    private func broken(_ session: SessionEntry) -> String? {
        var unseen = 0
        var memory: Int64 = 0
        for key in session.held {
            guard let lease = lease(of: key), lease.holder == session.id else { return "\(key) is not leased to it" }
            guard !lease.isSeen else { continue }
            unseen += 1
            memory += lease.memory
        }
        if unseen != session.inFlight { return "\(session.inFlight) in flight, \(unseen) unseen" }
        if memory != session.inFlightMemory { return "\(session.inFlightMemory) bytes in flight, \(memory) unseen" }
        return session.isHungry == hungry.contains(session.id) ? nil : "its hunger is filed wrongly"
    }

    private func broken(_ job: JobEntry) -> String? {
        if case .leased(let lease) = job.driver, let broken = broken(lease) { return "driver: \(broken)" }
        let ready = job.regions.filter { regions[$0]?.hasReady == true }.sorted()
        if ready != job.readyRegions { return "ready regions \(job.readyRegions), really \(ready)" }
        let waits = if case .waiting = job.driver { true } else { false }
        if users[job.owner]?.drivers.ranks.contains(job.rank) != waits { return "its driver is filed wrongly" }
        let hasChunks = !job.readyRegions.isEmpty
        return users[job.owner]?.chunks.ranks.contains(job.rank) == hasChunks ? nil : "its chunks are filed wrongly"
    }

    private var brokenIndex: String? {
        let waiting = Set(users.filter { $0.value.isWaiting }.keys)
        if waiting != waitingUsers { return "waiting users \(waitingUsers), really \(waiting)" }
        let bytes = regions.values.reduce(Int64(0)) { $0 + $1.stream.cachedBytes }
        if bytes != cachedBytes { return "\(cachedBytes) bytes cached, really \(bytes)" }
        let slots = sessions.values.reduce(0) { $0 + $1.slots }
        return slots == totalSlots ? nil : "\(totalSlots) slots, really \(slots)"
    }
}
