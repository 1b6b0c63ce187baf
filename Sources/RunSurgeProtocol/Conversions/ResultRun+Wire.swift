public import RunSurgeCore

extension WireResultBatch {
    /// How many results it holds.
    public var resultCount: Int { runs.reduce(results.count) { $0 + $1.outcomes.records.count } }

    /// Adds the outcome of a chunk, to the last run when it is plain and comes next to it.
    public mutating func append(_ outcome: ChunkOutcome, token: LeaseToken) {
        guard outcome.isPlain else {
            var result = WireResult()
            result.lease = token.wire
            result.chunk = outcome.wire
            results.append(result)
            return
        }
        guard let last = runs.last, last.outcomes.isContinued(by: outcome), last.lease.isContinued(by: token) else {
            var run = WireResultRun()
            run.lease = token.wire
            run.lease.count = 1
            run.outcomes = WireOutcomeRun(outcome)
            runs.append(run)
            return
        }
        runs[runs.count - 1].lease.count += 1
        runs[runs.count - 1].outcomes.append(outcome)
    }
}

extension WireLeaseToken {
    fileprivate func isContinued(by token: LeaseToken) -> Bool {
        regionID == token.key.region?.rawValue && chunkIndex + count == token.key.chunk && epoch == token.epoch
            && session == token.session && term == token.term && jobID == token.key.job.rawValue
    }
}

extension WireResultRun {
    /// Each outcome with the lease it was made under.
    /// - Throws: `ProtocolError.invalidField`
    public var results: [(token: LeaseToken, outcome: ChunkOutcome)] {
        get throws(ProtocolError) {
            let first = try LeaseToken(wire: lease)
            let found = try outcomes.outcomes
            guard !first.key.isDriver, first.key.chunk == outcomes.firstChunk, try lease.leases == found.count else {
                throw .invalidField(message: "ResultRun", field: "lease")
            }
            return found.enumerated().map { (first.advanced(by: Int64($0.offset)), $0.element) }
        }
    }
}
