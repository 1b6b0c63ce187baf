internal import RunSurgeCore

extension DispatchMachine {
    /// Regions whose resume points travel with a driver; the others are computed again.
    static let resumePoints = 10_000

    mutating func load(_ loaded: LoadedJob, now: MonotonicTime) {
        let job = loaded.job
        guard jobs[job.id] == nil, !job.state.isFinal else { return }
        var entry = JobEntry(
            id: job.id, owner: job.owner, specification: job.specification, plan: loaded.plan,
            modules: loaded.modules, traits: workTraits.take(WorkTraits(pythonVersion: nil, modules: loaded.modules)),
            driverEpoch: job.driverEpoch)
        entry.driverMemory = job.specification.requiredMemory ?? 0
        if job.state == .running {
            entry.driver = .leased(orphan(.driver(of: job.id), epoch: job.driverEpoch, memory: 0, now: now))
            entry.started = realTime
        }
        jobs[job.id] = entry
        join(job.owner)
        for stored in loaded.regions {
            remember(stored.region)
            jobs[job.id]?.loops[stored.region.node]?.add(stored.spent)
            guard !stored.isClosed else { continue }
            adopt(stored, expectedSeconds: 0)
            awaitFormerHolders(of: stored.region.id, now: now)
        }
        refile(driverOf: job.id)
        changedJobs.insert(job.id)
    }

    /// What a former master had leased may still run: it waits a while before it is dealt again.
    private mutating func awaitFormerHolders(of id: RegionID, now: MonotonicTime) {
        guard let region = regions[id] else { return }
        for (chunk, epoch) in region.epochs.sorted(by: { $0.key < $1.key }) where region.ready.contains(chunk) {
            let key = WorkKey(job: region.region.job, region: id, chunk: chunk)
            regions[id]?.ready.remove(chunk)
            let lease = orphan(key, epoch: epoch, memory: region.region.predictedPeak, now: now)
            regions[id]?.leases[chunk] = lease
        }
        regions[id]?.epochs = [:]
        touchedRegions.insert(id)
    }

    private mutating func orphan(_ key: WorkKey, epoch: Int64, memory: Int64, now: MonotonicTime) -> Lease {
        let token = LeaseToken(key: key, term: 0, epoch: epoch, session: 0)
        var lease = newLease(
            token, expires: now + configuration.takeoverGrace, memory: memory, seconds: 0, now: now)
        schedule(&lease)
        return lease
    }

    // MARK: The driver's end

    mutating func driverEnded(_ session: SessionID, _ token: LeaseToken, _ end: DriverEnd, now: MonotonicTime) {
        // What comes from nobody is said again in the session that its worker greets with.
        guard sessions[session] != nil else { return }
        hear(session, now: now)
        let id = token.key.job
        chargeDriver(of: id, now: now)
        switch (end, jobs[id]?.driver) {
        case (.finished, .leased(let lease)) where lease.token == token:
            jobs[id]?.driver = .finishing(lease)
            effects.append(.finishJob(token, from: session, summary(of: id, session: session, now: now)))
        case (.finished, _):
            // The store knows whether this is the same outcome again, or one that came too late.
            effects.append(.finishJob(token, from: session, summary(of: id, session: session, now: now)))
        case (.failed(let cause, let reason), .leased(let lease)) where lease.token == token:
            release(lease)
            acknowledge(token, to: session, .accepted)
            driverLost(id, lease, cause: cause, reason: reason)
        case (.failed, _): acknowledge(token, to: session, .stale)
        }
    }

    mutating func driverCommitted(
        _ token: LeaseToken, _ session: SessionID, _ verdict: ResultVerdict, now: MonotonicTime
    ) {
        acknowledge(token, to: session, verdict)
        switch (verdict, jobs[token.key.job]?.driver) {
        case (.accepted, _), (.duplicate, _): dropJob(token.key.job, reason: "the job is over", now: now)
        // Cancelled, or another master's by now: the store tells at the next load.
        case (.stale, .finishing(let lease)) where lease.token == token:
            dropJob(token.key.job, reason: "the job is over", now: now)
        // An earlier attempt's, which changes nothing.
        case (.stale, _): break
        }
    }

    private func summary(of id: JobID, session: SessionID, now: MonotonicTime) -> JobSummary {
        JobSummary(
            loops: jobs[id]?.loops ?? [:], slots: totalSlots, pythonVersion: sessions[session]?.pythonVersion ?? "",
            duration: jobs[id]?.started.map { now - $0 })
    }

    /// - Parameter cause: nil when it counts as no loss.
    mutating func driverLost(_ id: JobID, _ lease: Lease, cause: AttemptLoss.Cause?, reason: String) {
        guard let job = jobs[id] else { return }
        jobs[id]?.driver = .waiting
        for region in job.regions { regions[region]?.stream.driver = nil }
        effects.append(.releaseDriver(id, epoch: lease.token.epoch))
        if let cause { losses.append(AttemptLoss(token: lease.token, cause: cause)) }
        let isBlamed = cause != nil && (cause != .lost || lease.isStarted)
        if isBlamed {
            jobs[id]?.driverLosses += 1
            jobs[id]?.lastFailure = reason
            if let node = lease.node { jobs[id]?.avoided.insert(node) }
        }
        if cause == .outOfMemory { jobs[id]?.driverMemory = lease.memory + 1 }
        if isBlamed, let cause, let failure = finalFailure(of: id, cause: cause) {
            effects.append(.failJob(id, reason: failure))
            dropJob(id, reason: "the job has failed", now: lease.charged)
        } else {
            // As long as nothing was handed over, any interpreter will do again.
            if job.resume.isEmpty { fix(id, to: nil) }
            refile(driverOf: id)
            changedJobs.insert(id)
        }
    }

    private mutating func finalFailure(of id: JobID, cause: AttemptLoss.Cause) -> String? {
        guard let job = jobs[id] else { return nil }
        if cause == .outOfMemory, job.driverMemory > placement(of: job.traits).largestMemory {
            let reason = job.lastFailure.isEmpty ? "" : " (\(job.lastFailure))"
            return "The script needs more than the \(job.driverMemory - 1) bytes of memory of the largest worker"
                + "\(reason). Attach a larger one and submit it again."
        }
        guard job.driverLosses >= Limits.driverAttempts else { return nil }
        return "The script could not be run to its end in \(job.driverLosses) attempts; the last one: "
            + "\(job.lastFailure)."
    }

    // MARK: Removal

    mutating func cancelJob(_ id: JobID, now: MonotonicTime) { dropJob(id, reason: "the job was cancelled", now: now) }

    /// Forgets a job; whoever still works on it is told to stop.
    mutating func dropJob(_ id: JobID, reason: String, now: MonotonicTime) {
        chargeDriver(of: id, now: now)
        guard let job = jobs[id] else { return }
        var cancelled: [Lease] = []
        for region in job.regions { cancelled += forget(region) }
        switch job.driver {
        case .leased(let lease): cancelled.append(lease)
        case .finishing(let lease): release(lease)
        case .waiting: file(driverOf: id, as: nil)
        }
        cancel(cancelled, reason: reason)
        jobs[id] = nil
        changedJobs.remove(id)
        if workTraits.drop(job.traits) { placements[job.traits] = nil }
        leave(job.owner)
    }

    /// Takes a region out; the leases whose holders are to be told.
    mutating func forget(_ id: RegionID) -> [Lease] {
        unfile(id)
        guard let region = regions.removeValue(forKey: id) else { return [] }
        cachedBytes -= region.stream.cachedBytes
        touchedRegions.remove(id)
        jobs[region.region.job]?.regions.remove(id)
        var working: [Lease] = []
        for (_, lease) in region.leases {
            if lease.isCommitting { release(lease) } else { working.append(lease) }
        }
        return working
    }
}
