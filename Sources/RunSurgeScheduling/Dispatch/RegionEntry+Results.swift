internal import RunSurgeCore

/// What happens to each of millions of chunks, each in one call that works in place.
extension RegionEntry {
    enum Committing {
        /// Under this lease, as it was before.
        case lease(Lease)
        /// It waited.
        case ready(memory: Int64)
        case unwanted
    }

    /// From here the chunk is the store's to decide.
    mutating func commit(_ token: LeaseToken) -> Committing {
        let chunk = token.key.chunk
        guard let lease = leases[chunk] else {
            // A copy of what the store has refused already: another refusal is no other loss.
            if !losses.isEmpty, losses[chunk]?.ended.contains(token) == true { return .unwanted }
            return takeReady(chunk) ? .ready(memory: region.predictedPeak) : .unwanted
        }
        guard lease.token == token else { return .unwanted }
        leases.change(chunk) {
            $0.isSeen = true
            $0.isCommitting = true
        }
        return .lease(lease)
    }

    /// What there was of a chunk that is done now.
    struct Finished {
        let job: JobID
        let node: Int64
        /// It is not leased any more.
        let lease: Lease?
        /// It was not done before.
        let isNew: Bool
        /// A driver waits for its outcome.
        let isAwaited: Bool
        /// Bytes predicted beyond the interpreter itself.
        let variable: Int64
    }

    mutating func finish(_ result: ChunkResult) -> Finished {
        let chunk = result.token.key.chunk
        let lease = leases.removeValue(forKey: chunk)
        if lease?.token == result.token {
            let seconds = max(0, Double(result.outcome.wallMicroseconds) / 1e6)
            meanSeconds += (seconds - meanSeconds) / 8
        }
        forgetAttempts(at: chunk)
        return Finished(
            job: region.job, node: region.node, lease: lease, isNew: done.insert(chunk),
            isAwaited: stream.driver != nil, variable: max(0, region.predictedPeak - plannedBase))
    }

    /// The next outcome for the driver, when it is here and may pass.
    mutating func takeNext() -> ChunkOutcome? { done.contains(stream.next) ? stream.take() : nil }

    /// Whether its end has been reported, here or by another: it is named only until the worker hears of that.
    func isOver(_ token: LeaseToken) -> Bool {
        done.contains(token.key.chunk) || losses[token.key.chunk]?.ended.contains(token) == true
    }

    /// What became of leases that a Pull has named.
    struct Renewal {
        /// Leases that no Pull had named before, and their memory in bytes.
        var firstSeen = 0
        var firstSeenMemory: Int64 = 0
        /// Not this session's, and not over.
        var others: [LeaseToken] = []
    }

    /// Renews those of the leases that `session` holds.
    mutating func renew(
        _ tokens: ArraySlice<LeaseToken>, by session: SessionID, until expires: MonotonicTime
    ) -> Renewal {
        var renewal = Renewal()
        for token in tokens {
            var isRenewed = false
            leases.change(token.key.chunk) { lease in
                guard lease.holder == session, lease.token == token else { return }
                isRenewed = true
                if !lease.isSeen {
                    renewal.firstSeen += 1
                    renewal.firstSeenMemory += lease.memory
                }
                lease.expires = expires
                lease.isSeen = true
            }
            if !isRenewed, !isOver(token) { renewal.others.append(token) }
        }
        return renewal
    }
}

extension JobEntry {
    /// Notes what a chunk has cost; whose it is to pay.
    mutating func settle(_ outcome: ChunkOutcome, loop: Int64) -> UserID {
        loops[loop]?.add(outcome)
        return owner
    }
}

extension LoopTotals {
    fileprivate mutating func add(_ outcome: ChunkOutcome) {
        measuredPeak = max(measuredPeak, outcome.peakBytes)
        wallMicroseconds = wallMicroseconds.adding(outcome.wallMicroseconds)
        cpuMicroseconds = cpuMicroseconds.adding(outcome.cpuMicroseconds)
        mostParts = max(mostParts, outcome.parts)
    }

    /// What was accepted before this master's time.
    mutating func add(_ spent: StoredRegion.Spent) {
        measuredPeak = max(measuredPeak, spent.peakBytes)
        wallMicroseconds = wallMicroseconds.adding(spent.wallMicroseconds)
        cpuMicroseconds = cpuMicroseconds.adding(spent.cpuMicroseconds)
    }
}
