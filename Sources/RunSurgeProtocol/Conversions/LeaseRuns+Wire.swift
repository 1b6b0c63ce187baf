public import RunSurgeCore

extension LeaseToken {
    /// Leases as they are named in lists: neighbours that differ in nothing but their consecutive chunks are one entry.
    public static func wireRuns(of tokens: some Sequence<LeaseToken>) -> [WireLeaseToken] {
        var runs: [WireLeaseToken] = []
        var first: LeaseToken?
        var count: Int64 = 0
        for token in tokens {
            if let first, token.continues(first, by: count) {
                count += 1
                continue
            }
            if count > 1 { runs[runs.count - 1].count = count }
            runs.append(token.wire)
            first = token
            count = 1
        }
        if count > 1 { runs[runs.count - 1].count = count }
        return runs
    }

    /// Whether this is the lease of the chunk `distance` further, granted alike.
    public func continues(_ first: LeaseToken, by distance: Int64) -> Bool {
        key.chunk == first.key.chunk + distance && key.region == first.key.region && key.region != nil
            && epoch == first.epoch && session == first.session && term == first.term && key.job == first.key.job
    }

    /// The lease of the chunk `distance` further.
    public func advanced(by distance: Int64) -> LeaseToken {
        LeaseToken(
            key: WorkKey(job: key.job, region: key.region, chunk: key.chunk + distance), term: term, epoch: epoch,
            session: session)
    }

    /// All leases that a list names.
    /// - Throws: `ProtocolError.invalidField`, also for more than `Limits.leasesNamed`.
    public static func expanding(_ wire: [WireLeaseToken]) throws(ProtocolError) -> [LeaseToken] {
        var tokens: [LeaseToken] = []
        tokens.reserveCapacity(wire.count)
        for run in wire {
            let first = try LeaseToken(wire: run)
            let count = try run.leases
            guard Int64(tokens.count) + count <= Limits.leasesNamed else { throw Self.invalidCount }
            for distance in 0..<count { tokens.append(first.advanced(by: distance)) }
        }
        return tokens
    }

    static let invalidCount = ProtocolError.invalidField(message: "LeaseToken", field: "count")
}

extension WireLeaseToken {
    /// How many it names.
    public var leases: Int64 {
        get throws(ProtocolError) {
            guard count >= 0, count <= Limits.leasesNamed, count <= 1 || regionID > 0,
                chunkIndex <= .max - Limits.leasesNamed
            else { throw LeaseToken.invalidCount }
            return max(1, count)
        }
    }
}
