internal import RunSurgeCore

/// What waits, and for whom.
extension DispatchMachine {
    /// Files a region under what it has waiting now.
    mutating func refile(_ id: RegionID) {
        guard let region = regions[id], let job = jobs[region.region.job] else { return }
        // Before the interpreter is known nobody can tell where its chunks may go.
        let wanted = job.pythonVersion == nil ? [] : region.filings(under: job.traits)
        if wanted != region.filings { file(id, as: wanted, job) }
    }

    /// Takes a region out of every queue.
    mutating func unfile(_ id: RegionID) {
        guard let region = regions[id], !region.filings.isEmpty, let job = jobs[region.region.job] else { return }
        file(id, as: [], job)
    }

    private mutating func file(_ id: RegionID, as wanted: [RegionEntry.Filing], _ job: JobEntry) {
        let former = regions[id]?.filings ?? []
        let rank = job.rank(of: id)
        regions[id]?.filings = wanted
        for filing in former {
            count(filing.key, chunks: -filing.chunks)
            if !wanted.contains(where: { $0.key == filing.key }) {
                changeQueue(filing.key, of: job.owner) { $0.chunks.remove(rank) }
            }
        }
        for filing in wanted {
            count(filing.key, chunks: filing.chunks)
            let known = former.first { $0.key == filing.key }
            if known == nil { changeQueue(filing.key, of: job.owner) { $0.chunks.insert(rank) } }
            if filing.chunks > known?.chunks ?? 0 { isRedealDue = true }
        }
    }

    /// Files a job's driver when it waits, and else takes it out.
    mutating func refile(driverOf id: JobID) {
        guard let job = jobs[id] else { return }
        if case .waiting = job.driver {
            file(driverOf: id, as: QueueKey(traits: job.traits, memory: job.driverMemory))
        } else {
            file(driverOf: id, as: nil)
        }
    }

    mutating func file(driverOf id: JobID, as wanted: QueueKey?) {
        guard let job = jobs[id], wanted != job.filedDriver else { return }
        jobs[id]?.filedDriver = wanted
        if let former = job.filedDriver {
            count(former, drivers: -1)
            changeQueue(former, of: job.owner) { $0.drivers.remove(job.driverRank) }
            if isQueueHeldBack { (isQueueHeldBack, isRedealDue) = (false, true) }
        }
        if let wanted {
            count(wanted, drivers: 1)
            changeQueue(wanted, of: job.owner) { $0.drivers.insert(job.driverRank) }
            isRedealDue = true
        }
    }

    /// Everything of a job goes to the workers of one interpreter from now on; nil: to any.
    mutating func fix(_ id: JobID, to pythonVersion: String?) {
        guard let job = jobs[id], job.pythonVersion != pythonVersion else { return }
        for region in job.regions { unfile(region) }
        // The new number first, so that one that stays is not given up in between.
        let traits = workTraits.take(WorkTraits(pythonVersion: pythonVersion, modules: job.modules))
        jobs[id]?.pythonVersion = pythonVersion
        jobs[id]?.traits = traits
        refile(driverOf: id)
        if workTraits.drop(job.traits) { placements[job.traits] = nil }
        for region in job.regions { refile(region) }
    }

    private mutating func count(_ key: QueueKey, chunks: Int64 = 0, drivers: Int64 = 0) {
        totalReady += chunks
        queueTotals[key, default: QueueTotals()].chunks += chunks
        queueTotals[key]?.drivers += drivers
        if queueTotals[key]?.isEmpty == true { queueTotals[key] = nil }
    }

    private mutating func changeQueue(_ key: QueueKey, of user: UserID, _ change: (inout UserQueue) -> Void) {
        guard let wasWaiting = users[user]?.isWaiting else { return }
        users[user]?.change(key, change)
        if users[user]?.queues[key]?.isEmpty == true { users[user]?.queues[key] = nil }
        guard let entry = users[user], entry.isWaiting != wasWaiting else { return }
        if wasWaiting {
            turns.remove(UserTurn(usage: entry.usage, user: user))
        } else {
            // Who comes back to the queue has not saved up what others used meanwhile, nor what they used when
            // nobody else wanted it.
            let others = users.lazy.filter { $0.value.jobs > 0 && $0.key != user }.map(\.value.usage).min()
            let usage = max(entry.usage, levelUsage, others ?? 0)
            users[user]?.usage = usage
            turns.insert(UserTurn(usage: usage, user: user))
        }
    }

    // MARK: Accounts

    /// Users whose work is over are remembered as long as they have used more than their share, and so many at most.
    static let rememberedUsers = 4_096

    mutating func charge(_ user: UserID, _ byteSeconds: Double) {
        guard byteSeconds != 0, let former = users[user]?.usage else { return }
        users[user]?.usage += byteSeconds
        guard users[user]?.isWaiting == true else { return }
        turns.remove(UserTurn(usage: former, user: user))
        turns.insert(UserTurn(usage: former + byteSeconds, user: user))
    }

    /// What was charged for a lease that nothing was done under.
    mutating func refund(_ lease: Lease) {
        guard let owner = jobs[lease.token.key.job]?.owner else { return }
        charge(owner, -lease.expectedSeconds * Double(lease.memory))
    }

    mutating func join(_ user: UserID) {
        if users[user] == nil { users[user] = UserEntry(usage: levelUsage) }
        users[user]?.jobs += 1
    }

    mutating func leave(_ user: UserID) {
        users[user]?.jobs -= 1
        if let entry = users[user], entry.jobs == 0, entry.usage <= levelUsage { users[user] = nil }
        if users.count > Self.rememberedUsers { forgetUsers() }
    }

    private mutating func forgetUsers() {
        let idle = users.filter { $0.value.jobs == 0 }.sorted {
            ($0.value.usage, $0.key) < ($1.value.usage, $1.key)
        }
        for (user, _) in idle.dropLast(Self.rememberedUsers / 2) { users[user] = nil }
    }
}
