internal import RunSurgeCore

extension DispatchMachine {
    /// Results read back from the store at once: each may carry `Limits.inlineResultBytes`.
    static let fetchedResults = 64
    /// One message to a driver.
    static let deliveredBytes: Int64 = 4 << 20
    static let deliveredResults = 512

    // MARK: From a request to a region

    mutating func regionRequested(_ session: SessionID, _ offer: RegionOffer) {
        let id = offer.key.driver.key.job
        guard sessions[session] != nil, requests[offer.key] == nil, jobs[id]?.hasLeft(offer.key) != true else { return }
        if jobs[id]?.holder(of: offer.key.driver) == session {
            suspendDriver(of: id)
            closeRegions(leftBy: offer.key)
        }
        if let refusal = refusal(of: offer, from: session) { return decline(offer.key, to: session, refusal) }
        do throws(ChunkPlanner.Refusal) {
            let layout = try ChunkPlanner.plan(offer.demand, on: clusterOffer(to: offer.key.driver.key.job))
            requests[offer.key] = layout.predictedSeconds
            effects.append(.openRegion(offer.key, newRegion(offer, layout)))
        } catch {
            decline(offer.key, to: session, "\(error)")
        }
    }

    /// A driver has one region at a time: who asks for the next has left those before, though word of it was lost.
    private mutating func closeRegions(leftBy key: RegionRequestKey) {
        let left = (jobs[key.driver.key.job]?.regions ?? []).filter { id in
            guard let region = regions[id] else { return false }
            let isOwn = region.request?.driver == key.driver || region.stream.driver == key.driver
            return isOwn && region.request != key
        }
        for id in left.sorted() {
            if let request = regions[id]?.request, request.driver == key.driver {
                jobs[key.driver.key.job]?.leave(request)
            }
            close(id, committed: regions[id]?.stream.reported ?? 0)
        }
    }

    private mutating func refusal(of offer: RegionOffer, from session: SessionID) -> String? {
        guard let job = jobs[offer.key.driver.key.job], job.holder(of: offer.key.driver) == session else {
            return "the driver's lease is over"
        }
        guard job.specification.isSplittingAllowed else { return "the job was submitted with splitting off" }
        let isForced = job.specification.minSplitSeconds == 0 || job.specification.chunkRecords != nil
        // One slot can only take turns: the driver is as fast by itself.
        return placement(of: job.traits).slots < 2 && !isForced ? "only one slot is attached" : nil
    }

    private mutating func clusterOffer(to job: JobID) -> ChunkPlanner.Offer {
        let placement = placement(of: jobs[job]?.traits ?? 0)
        return ChunkPlanner.Offer(
            slots: placement.slots > 0 ? placement.slots : configuration.assumedSlots,
            memoryPerSlot: placement.leastShare ?? configuration.assumedMemoryPerSlot, baseBytes: peakModel.baseBytes)
    }

    private func newRegion(_ offer: RegionOffer, _ layout: ChunkPlanner.Layout) -> NewRegion {
        NewRegion(
            job: offer.key.driver.key.job, node: offer.node, line: offer.line, entry: offer.entry,
            digest: offer.digest, sourceJSON: offer.sourceJSON, modesJSON: offer.modesJSON,
            environment: offer.environment, blobs: offer.blobs, ranges: layout.ranges,
            prefixRecords: offer.prefixRecords, predictedPeak: layout.predictedPeak)
    }

    private mutating func decline(_ key: RegionRequestKey, to session: SessionID, _ reason: String) {
        effects.append(.answer(session, RegionAnswer(key: key, region: nil, chunks: 0, reason: reason)))
    }

    mutating func regionRefused(_ key: RegionRequestKey, reason: String) {
        requests[key] = nil
        guard let holder = jobs[key.driver.key.job]?.holder(of: key.driver) else { return }
        decline(key, to: holder, reason)
    }

    mutating func regionOpened(_ key: RegionRequestKey, _ stored: StoredRegion, now: MonotonicTime) {
        let expectedSeconds = requests.removeValue(forKey: key) ?? 0
        let id = stored.region.id
        guard let job = jobs[stored.region.job] else { return }
        if job.hasLeft(key) {
            // A repeated request was answered late, and the store has opened once more what was left.
            if regions[id] == nil { effects.append(.closeRegion(id, committed: 0)) }
            return
        }
        closeForerunners(of: stored.region)
        remember(stored.region)
        if regions[id] == nil { adopt(stored, expectedSeconds: expectedSeconds) }
        guard let holder = job.holder(of: key.driver) else { return }
        regions[id]?.request = key
        regions[id]?.stream.driver = key.driver
        regions[id]?.stream.restart(from: 0)
        touchedRegions.insert(id)
        let chunks = stored.region.ranges.count
        effects.append(.answer(holder, RegionAnswer(key: key, region: id, chunks: chunks, reason: "")))
    }

    /// The same entry of the same loop with another digest: an earlier driver's, which nobody will ask for again.
    private mutating func closeForerunners(of region: Region) {
        let former = (jobs[region.job]?.regions ?? []).filter { id in
            guard let other = regions[id]?.region else { return false }
            return id != region.id && other.node == region.node && other.entry == region.entry
        }
        for id in former.sorted() { close(id, committed: 0) }
    }

    mutating func adopt(_ stored: StoredRegion, expectedSeconds: Double) {
        let entry = RegionEntry(stored, expectedSeconds: expectedSeconds, plannedBase: peakModel.baseBytes)
        let job = stored.region.job
        regions[stored.region.id] = entry
        jobs[job]?.regions.insert(stored.region.id)
        jobs[job]?.chunks += entry.count
        jobs[job]?.chunksDone += entry.done.count
        touchedRegions.insert(stored.region.id)
        changedJobs.insert(job)
    }

    /// Keeps what a later driver and the report need to know of a region after it is closed.
    mutating func remember(_ region: Region) {
        let point = ResumePoint(
            node: region.node, entry: region.entry, prefixRecords: region.prefixRecords, modesJSON: region.modesJSON)
        // One entry of a loop may be handed over again, further on, after the driver ran a part of it by itself.
        let place = ResumePlace(node: point.node, entry: point.entry, prefixRecords: point.prefixRecords)
        if (jobs[region.job]?.resume.count ?? 0) < Self.resumePoints,
            jobs[region.job]?.resumePlaces.insert(place).inserted == true
        {
            jobs[region.job]?.resume.append(point)
            // It has got further than any driver before it.
            jobs[region.job]?.driverLosses = 0
        }
        let former = jobs[region.job]?.loops[region.node]?.predictedPeak ?? 0
        jobs[region.job]?.loops[region.node, default: LoopTotals()].predictedPeak = max(former, region.predictedPeak)
    }

    // MARK: The driver's side

    mutating func regionProgress(
        _ session: SessionID, _ driver: LeaseToken, _ id: RegionID, committed: Int64, window: Int64
    ) {
        guard let region = regions[id] else { return startAgain(driver, heldBy: session) }
        guard jobs[region.region.job]?.holder(of: driver) == session else { return }
        suspendDriver(of: region.region.job)
        if region.stream.driver != driver {
            // It was connected elsewhere, or to a former master: what it has not committed goes out again.
            regions[id]?.stream.driver = driver
            regions[id]?.stream.restart(from: max(0, committed))
        } else if committed == region.stream.reported, region.stream.sentBytes > 0 {
            // It says so again, so it has not got further: what was sent since is lost.
            regions[id]?.stream.restart(from: max(0, committed))
        }
        regions[id]?.stream.reported = committed
        regions[id]?.stream.committed(before: committed)
        regions[id]?.stream.window = min(max(0, window), Limits.regionWindowBytes)
        touchedRegions.insert(id)
    }

    /// A driver waits for a region that is gone: another attempt's took its place, or the store has lost it. Nothing
    /// would ever come; a new attempt finds what there is.
    private mutating func startAgain(_ driver: LeaseToken, heldBy session: SessionID) {
        let id = driver.key.job
        guard jobs[id]?.holder(of: driver) == session, case .leased(let lease)? = jobs[id]?.driver else { return }
        cancel([lease], reason: "the region that it waits for is gone")
        driverLost(id, lease, cause: nil, reason: "")
    }

    mutating func regionClosed(_ session: SessionID, _ driver: LeaseToken, _ id: RegionID, committed: Int64) {
        guard let region = regions[id], jobs[region.region.job]?.holder(of: driver) == session else { return }
        if let request = region.request, request.driver == driver { jobs[region.region.job]?.leave(request) }
        close(id, committed: min(max(0, committed), region.region.ranges.count))
    }

    private mutating func close(_ id: RegionID, committed: Int64) {
        cancel(forget(id), reason: "the region is closed")
        effects.append(.closeRegion(id, committed: committed))
    }

    // MARK: Results to the driver

    /// Sends the driver what comes next, as far as it is there and the window allows.
    mutating func pump(_ id: RegionID) {
        guard let driver = regions[id]?.stream.driver, let job = regions[id]?.region.job,
            let holder = jobs[job]?.holder(of: driver)
        else { return }
        var batch: [ChunkOutcome] = []
        var bytes: Int64 = 0
        func flush() {
            guard !batch.isEmpty else { return }
            effects.append(.deliver(holder, driver: driver, id, batch))
            batch = []
            bytes = 0
        }
        while let outcome = takeNext(id) {
            if bytes + outcome.weight > Self.deliveredBytes || batch.count >= Self.deliveredResults { flush() }
            bytes += outcome.weight
            batch.append(outcome)
        }
        flush()
        fetchNext(id)
    }

    private mutating func takeNext(_ id: RegionID) -> ChunkOutcome? {
        guard let outcome = regions[id]?.takeNext() else { return nil }
        cachedBytes -= outcome.weight
        return outcome
    }

    /// Reads back from the store what the driver needs next and is no longer here.
    private mutating func fetchNext(_ id: RegionID) {
        guard let region = regions[id], region.done.contains(region.stream.next), !region.stream.isNextCached,
            region.stream.isWindowOpen, !region.stream.isFetching, !region.unstored.contains(region.stream.next)
        else { return }
        regions[id]?.stream.isFetching = true
        effects.append(.fetchResults(id, from: region.stream.next, limit: Self.fetchedResults))
    }

    mutating func resultsFetched(_ id: RegionID, from: Int64, _ outcomes: [ChunkOutcome]) {
        guard let region = regions[id] else { return }
        regions[id]?.stream.isFetching = false
        touchedRegions.insert(id)
        if region.stream.next == from, region.done.contains(from), outcomes.first?.index != from,
            !region.stream.isNextCached
        {
            // The store does not have what was thought to be done: it is computed again.
            regions[id]?.done.remove(from)
            regions[id]?.putBack(from)
            return
        }
        for outcome in outcomes where outcome.index >= region.stream.next && outcome.index < region.count {
            keep(outcome, in: id)
            if outcome.status != .completed { endLoop(id, at: outcome.index) }
        }
    }

    mutating func keep(_ outcome: ChunkOutcome, in id: RegionID) {
        cachedBytes += regions[id]?.stream.store(outcome) ?? 0
    }

    /// No chunk after one whose guard failed, or that raised, will ever be committed.
    mutating func endLoop(_ id: RegionID, at chunk: Int64) {
        guard let dropped = regions[id]?.truncate(after: chunk) else { return }
        cancel(dropped, reason: "the loop ended before it")
    }
}
