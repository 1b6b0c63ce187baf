internal import RunSurgeCore

extension DispatchMachine {
    mutating func receive(_ results: [ChunkResult], from session: SessionID, now: MonotonicTime) {
        sessions[session]?.lastHeard = now
        var conclusive: [ChunkResult] = []
        conclusive.reserveCapacity(results.count)
        for result in results where !result.token.key.isDriver {
            let named = ChunkResult(token: result.token, node: sessions[session]?.node, outcome: result.outcome)
            if result.outcome.status.isConclusive {
                markCommitting(result.token)
                conclusive.append(named)
            } else {
                attemptFailed(result, from: session)
            }
        }
        if !conclusive.isEmpty { effects.append(.accept(conclusive, from: session)) }
    }

    /// From here the chunk is the store's to decide: it neither expires nor is dealt.
    private mutating func markCommitting(_ token: LeaseToken) {
        guard let id = token.key.region, let region = regions[id] else { return }
        let chunk = token.key.chunk
        if let lease = region.leases[chunk] {
            guard lease.token == token else { return }
            release(lease)
            changeLease(id, chunk) {
                $0.isSeen = true
                $0.isCommitting = true
            }
        } else if regions[id]?.takeReady(chunk) == true {
            var lease = Lease(
                token: token, expires: MonotonicTime(nanoseconds: .max), memory: region.region.predictedPeak,
                expectedSeconds: region.meanSeconds)
            lease.isCommitting = true
            regions[id]?.leases[chunk] = lease
            touchedRegions.insert(id)
        }
    }

    private mutating func attemptFailed(_ result: ChunkResult, from session: SessionID) {
        let key = result.token.key
        guard let id = key.region, let lease = regions[id]?.leases[key.chunk], lease.token == result.token,
            !lease.isCommitting
        else { return acknowledge(result.token, to: session, .stale) }
        release(lease)
        acknowledge(result.token, to: session, .accepted)
        chunkLost(id, lease, cause: AttemptLoss.Cause(result.outcome.status), reason: result.outcome.reason)
    }

    mutating func committed(_ record: ResultVerdictRecord) {
        let token = record.result.token
        if let verdict = record.verdict, record.session != 0 { acknowledge(token, to: record.session, verdict) }
        guard let id = token.key.region, regions[id] != nil else { return }
        switch record.verdict {
        case .accepted: complete(id, record.result, isFresh: true)
        case .duplicate: complete(id, record.result, isFresh: false)
        case .stale, nil:
            guard let lease = regions[id]?.leases[token.key.chunk], lease.token == token else { return }
            if record.verdict == nil, record.session != 0 { acknowledge(token, to: record.session, .stale) }
            release(lease)
            chunkLost(id, lease, cause: .fault, reason: "its result was not accepted")
        }
    }

    private mutating func complete(_ id: RegionID, _ result: ChunkResult, isFresh: Bool) {
        let chunk = result.token.key.chunk
        if let lease = regions[id]?.leases.removeValue(forKey: chunk) {
            if lease.token == result.token {
                release(lease)
                settleCosts(of: lease, result.outcome, in: id)
            } else {
                cancel([lease], reason: "another attempt has succeeded")
            }
        }
        _ = regions[id]?.takeReady(chunk)
        regions[id]?.epochs[chunk] = nil
        regions[id]?.losses[chunk] = nil
        touchedRegions.insert(id)
        guard regions[id]?.done.insert(chunk) == true, let region = regions[id] else { return }
        jobs[region.region.job]?.chunksDone += 1
        changedJobs.insert(region.region.job)
        guard isFresh else { return }
        if cachedBytes < configuration.cachedResultBytes, region.stream.driver != nil { keep(result.outcome, in: id) }
        if result.outcome.status != .completed { endLoop(id, at: chunk) }
    }

    /// Replaces the cost that was expected by the one that was measured, and learns from it.
    private mutating func settleCosts(of lease: Lease, _ outcome: ChunkOutcome, in id: RegionID) {
        guard let region = regions[id]?.region else { return }
        let seconds = Double(outcome.wallMicroseconds) / 1e6
        let mean = regions[id]?.meanSeconds ?? 0
        regions[id]?.meanSeconds = mean + (seconds - mean) / 8
        if let owner = jobs[region.job]?.owner {
            users[owner]?.usage += (seconds - lease.expectedSeconds) * Double(lease.memory)
        }
        jobs[region.job]?.loops[region.node]?.add(outcome)
        let variable = variableBytes(of: id)
        peakModel.observe(peak: outcome.peakBytes, variable: variable)
    }

    /// What was predicted for the region beyond the interpreter itself.
    private func variableBytes(of id: RegionID) -> Int64 {
        max(0, (regions[id]?.region.predictedPeak ?? 0) - (regions[id]?.plannedBase ?? 0))
    }

    // MARK: Losses

    /// - Parameter cause: nil when it counts as no loss.
    mutating func chunkLost(_ id: RegionID, _ lease: Lease, cause: AttemptLoss.Cause?, reason: String = "") {
        let chunk = lease.token.key.chunk
        regions[id]?.leases[chunk] = nil
        guard let region = regions[id], chunk < region.count else { return }
        regions[id]?.epochs[chunk] = lease.token.epoch
        touchedRegions.insert(id)
        guard let cause else {
            regions[id]?.ready.insert(chunk)
            return
        }
        losses.append(AttemptLoss(token: lease.token, cause: cause))
        let count = (region.losses[chunk] ?? 0) + 1
        regions[id]?.losses[chunk] = count
        guard count < Limits.chunkLosses else { return giveUp(id, lease, cause: cause, reason: reason) }
        let predicted = region.region.predictedPeak
        let memory = cause == .outOfMemory ? max(predicted, lease.memory * 2) : predicted
        let avoided = region.lostOn[chunk, default: []].union(lease.node.map { [$0] } ?? [])
        regions[id]?.lostOn[chunk] = avoided
        regions[id]?.retries.append(RegionEntry.Retry(chunk: chunk, memory: memory, avoided: avoided))
    }

    /// Answers the driver that the chunk can't be split off: it runs on from there by itself.
    private mutating func giveUp(_ id: RegionID, _ lease: Lease, cause: AttemptLoss.Cause, reason: String) {
        let chunk = lease.token.key.chunk
        guard let region = regions[id]?.region else { return }
        let start = region.ranges[chunk].lowerBound
        let attempts = "chunk \(chunk) ended without a result \(Limits.chunkLosses) times, the last time \(cause.words)"
        let outcome = ChunkOutcome(
            index: chunk, status: .guardFailed, records: 0, range: start..<start, effects: .inline([]),
            reason: reason.isEmpty ? attempts : "\(attempts): \(reason)", variable: "", line: region.line,
            wallMicroseconds: 0, cpuMicroseconds: 0, peakBytes: 0)
        regions[id]?.done.insert(chunk)
        regions[id]?.losses[chunk] = nil
        regions[id]?.lostOn[chunk] = nil
        keep(outcome, in: id)
        effects.append(.accept([ChunkResult(token: lease.token, node: nil, outcome: outcome)], from: 0))
        endLoop(id, at: chunk)
    }
}

extension LoopTotals {
    fileprivate mutating func add(_ outcome: ChunkOutcome) {
        measuredPeak = max(measuredPeak, outcome.peakBytes)
        wallMicroseconds += outcome.wallMicroseconds
        cpuMicroseconds += outcome.cpuMicroseconds
        mostParts = max(mostParts, outcome.parts)
    }

    /// What was accepted before this master's time.
    mutating func add(_ spent: StoredRegion.Spent) {
        measuredPeak = max(measuredPeak, spent.peakBytes)
        wallMicroseconds += spent.wallMicroseconds
        cpuMicroseconds += spent.cpuMicroseconds
    }
}

extension AttemptLoss.Cause {
    init(_ status: OutcomeStatus) {
        self =
            switch status {
            case .outOfMemory: .outOfMemory
            case .crashed: .crashed
            case .completed, .guardFailed, .raised, .fault: .fault
            }
    }

    fileprivate var words: String {
        switch self {
        case .lost: "because its worker was lost"
        case .crashed: "because its process died"
        case .outOfMemory: "for lack of memory"
        case .fault: "because of a fault"
        }
    }
}
