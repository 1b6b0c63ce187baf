import PostgreSQL
import RunSurgeCore

/// Leases of consecutive chunks that were granted together, as the columns of `lease_run`.
struct LeaseRuns {
    /// Chunks of one run at most: the bound of the table.
    static let longest: Int64 = 1_024

    private var first: [LeaseRecord] = []
    private var counts: [Int64] = []

    /// - Parameter leases: of chunks; runs are found among neighbours.
    init(_ leases: [LeaseRecord]) {
        for lease in leases {
            if let last = first.last, let count = counts.last, count < Self.longest, lease.follows(last, by: count) {
                counts[counts.count - 1] += 1
            } else {
                first.append(lease)
                counts.append(1)
            }
        }
    }

    var values: [SQLValue] {
        [
            .int64Array(first.map { $0.token.key.region?.rawValue ?? 0 }), .int64Array(first.map(\.token.key.chunk)),
            .int64Array(counts), .int64Array(first.map(\.token.term)), .int64Array(first.map(\.token.epoch)),
            .int64Array(first.map { Int64(bitPattern: $0.token.session) }), .identifiers(first.map(\.node)),
        ]
    }
}

extension LeaseRecord {
    fileprivate func follows(_ first: LeaseRecord, by distance: Int64) -> Bool {
        token.key.chunk == first.token.key.chunk + distance && token.isGranted(with: first.token) && node == first.node
    }
}

extension LeaseToken {
    /// Whether two leases of one region differ in nothing but the chunk.
    func isGranted(with other: LeaseToken) -> Bool {
        key.region == other.key.region && epoch == other.epoch && session == other.session && term == other.term
    }
}
