internal import RunSurgeCore

extension DispatchMachine {
    mutating func receive(_ results: [ChunkResult], from session: SessionID, now: MonotonicTime) {
        // What comes from nobody is said again in the session that its worker greets with.
        guard sessions[session] != nil else { return }
        hear(session, now: now)
        var conclusive: [ChunkResult] = []
        conclusive.reserveCapacity(results.count)
        let node = sessions[session]?.node
        for result in results where !result.token.key.isDriver {
            let named = ChunkResult(token: result.token, node: node, outcome: result.outcome)
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
        guard let id = token.key.region else { return }
        switch regions[id]?.commit(token) {
        case .lease(let lease): release(lease)
        case .ready(let memory):
            var lease = newLease(
                token, expires: MonotonicTime(nanoseconds: .max), memory: memory, seconds: 0, now: realTime)
            lease.isCommitting = true
            regions[id]?.leases[token.key.chunk] = lease
            touchedRegions.insert(id)
        case .unwanted, nil: return
        }
    }

    private mutating func attemptFailed(_ result: ChunkResult, from session: SessionID) {
        let key = result.token.key
        guard let id = key.region, let lease = regions[id]?.leases[key.chunk], lease.token == result.token,
            !lease.isCommitting
        else { return acknowledge(result.token, to: session, .stale) }
        release(lease)
        acknowledge(result.token, to: session, .accepted)
        chunkLost(id, lease, cause: AttemptLoss.Cause(result.outcome.status), result.outcome)
    }

    mutating func committed(_ record: ResultVerdictRecord) {
        let token = record.result.token
        if let verdict = record.verdict, record.session != 0 { acknowledge(token, to: record.session, verdict) }
        guard let id = token.key.region, regions[id] != nil else { return }
        if record.session == 0, regions[id]?.unstored.remove(token.key.chunk) != nil { touchedRegions.insert(id) }
        switch record.verdict {
        case .accepted:
            chunksAccepted += 1
            complete(id, record.result, isFresh: true)
        case .duplicate: complete(id, record.result, isFresh: false)
        case .stale, nil:
            guard let lease = regions[id]?.leases[token.key.chunk], lease.token == token else { return }
            if record.verdict == nil, record.session != 0 { acknowledge(token, to: record.session, .stale) }
            release(lease)
            chunkLost(id, lease, cause: .fault, record.result.outcome)
        }
    }

    private mutating func complete(_ id: RegionID, _ result: ChunkResult, isFresh: Bool) {
        guard let finished = regions[id]?.finish(result) else { return }
        if let lease = finished.lease {
            if lease.token == result.token {
                release(lease)
                settleCosts(of: lease, result.outcome, finished)
            } else {
                cancel([lease], reason: "another attempt has succeeded")
            }
        }
        touchedRegions.insert(id)
        guard finished.isNew else { return }
        jobs[finished.job]?.chunksDone += 1
        changedJobs.insert(finished.job)
        guard isFresh else { return }
        if cachedBytes < configuration.cachedResultBytes, finished.isAwaited { keep(result.outcome, in: id) }
        if result.outcome.status != .completed { endLoop(id, at: result.token.key.chunk) }
    }

    /// Replaces the cost that was expected by the one that was measured, and learns from it.
    private mutating func settleCosts(of lease: Lease, _ outcome: ChunkOutcome, _ finished: RegionEntry.Finished) {
        let seconds = max(0, Double(outcome.wallMicroseconds) / 1e6)
        if let owner = jobs[finished.job]?.settle(outcome, loop: finished.node) {
            charge(owner, (seconds - lease.expectedSeconds) * Double(lease.memory))
        }
        peakModel.observe(peak: outcome.peakBytes, variable: finished.variable)
    }

    // MARK: Losses

    /// - Parameter cause: nil when it counts as no loss.
    mutating func chunkLost(
        _ id: RegionID, _ lease: Lease, cause: AttemptLoss.Cause?, _ outcome: ChunkOutcome? = nil
    ) {
        // A worker that is lost takes along what it had not begun, too: that says nothing about the chunk.
        let isBlameless = cause == nil || (cause == .lost && !lease.isStarted)
        if let cause { losses.append(AttemptLoss(token: lease.token, cause: cause)) }
        if isBlameless { return putBack(lease) }
        let chunk = lease.token.key.chunk
        regions[id]?.leases[chunk] = nil
        guard let region = regions[id], chunk < region.count, let cause else { return }
        regions[id]?.epochs[chunk] = lease.token.epoch
        touchedRegions.insert(id)
        var history = region.losses[chunk] ?? RegionEntry.LossHistory()
        if cause != .lost { history.ended.insert(lease.token) }
        let reason =
            cause == .outOfMemory
            ? enlarge(&history, id, lease, outcome) : blame(&history, id, lease, cause, outcome)
        regions[id]?.losses[chunk] = history
        if let reason { return giveUp(id, lease, reason: reason) }
        regions[id]?.putBack(chunk)
    }

    /// Counts a loss that may be the chunk's own fault.
    /// - Returns: why it is not tried again, or nil.
    private mutating func blame(
        _ history: inout RegionEntry.LossHistory, _ id: RegionID, _ lease: Lease, _ cause: AttemptLoss.Cause,
        _ outcome: ChunkOutcome?
    ) -> String? {
        history.count += 1
        if let node = lease.node { history.nodes.insert(node) }
        guard history.count >= Limits.chunkLosses, let region = regions[id]?.region,
            let traits = jobs[region.job]?.traits
        else { return nil }
        let need = max(region.predictedPeak, history.memory)
        let couldBeTheNode =
            history.nodes.count < 2 && isAnybodyElseAble(besides: history.nodes, traits: traits, need: need)
        guard !couldBeTheNode || history.count >= Limits.chunkLossesAnywhere else { return nil }
        let hosts = history.nodes.count == 1 ? "1 node" : "\(history.nodes.count) nodes"
        let words =
            "\(place(of: lease, in: region, outcome)) ended without a result \(history.count) times on \(hosts), "
            + "the last time \(cause.words)"
        guard let reason = outcome?.reason, !reason.isEmpty else { return words }
        return "\(words): \(reason)"
    }

    /// The worker has halved the chunk down to one record before it reported this: only more memory can help.
    /// - Returns: why it is not tried again, or nil.
    private mutating func enlarge(
        _ history: inout RegionEntry.LossHistory, _ id: RegionID, _ lease: Lease, _ outcome: ChunkOutcome?
    ) -> String? {
        guard let region = regions[id]?.region, let traits = jobs[region.job]?.traits else { return nil }
        let largest = placement(of: traits).largestMemory
        let peak = max(0, outcome?.peakBytes ?? 0)
        if largest > 0, lease.memory >= largest {
            let words =
                "\(place(of: lease, in: region, outcome)) needs more than \(lease.memory) bytes of memory, which is "
                + "all that the largest worker has; \(peak) bytes were in use when it ended"
            guard let reason = outcome?.reason, !reason.isEmpty else { return words }
            return "\(words): \(reason)"
        }
        let wanted = max(region.predictedPeak, lease.memory.multiplied(by: 2), peak.multiplied(by: 5) / 4)
        history.memory = largest > 0 ? min(largest, wanted) : wanted
        return nil
    }

    /// Names what could not be run, in the unit of its source: what the worker has narrowed it down to, if it has.
    private func place(of lease: Lease, in region: Region, _ outcome: ChunkOutcome?) -> String {
        let chunk = lease.token.key.chunk
        let whole = region.ranges[chunk]
        let part = outcome.map(\.range).flatMap { $0.isEmpty || $0.clamped(to: whole) != $0 ? nil : $0 } ?? whole
        return "chunk \(chunk), at \(part.lowerBound)..<\(part.upperBound) of its source,"
    }

    /// Answers the driver that the chunk can't be split off: it runs on from there by itself.
    private mutating func giveUp(_ id: RegionID, _ lease: Lease, reason: String) {
        let chunk = lease.token.key.chunk
        guard let region = regions[id]?.region else { return }
        let start = region.ranges[chunk].lowerBound
        let outcome = ChunkOutcome(
            index: chunk, status: .guardFailed, records: 0, range: start..<start, effects: .inline([]),
            reason: reason, variable: "", line: region.line, wallMicroseconds: 0, cpuMicroseconds: 0, peakBytes: 0)
        regions[id]?.done.insert(chunk)
        regions[id]?.unstored.insert(chunk)
        regions[id]?.losses[chunk] = nil
        keep(outcome, in: id)
        effects.append(.accept([ChunkResult(token: lease.token, node: nil, outcome: outcome)], from: 0))
        endLoop(id, at: chunk)
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
