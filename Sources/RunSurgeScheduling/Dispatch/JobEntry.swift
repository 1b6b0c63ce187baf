internal import RunSurgeCore

/// One unfinished job.
struct JobEntry: Sendable {
    enum Driver: Sendable {
        case waiting
        case leased(Lease)
        /// Its outcome is on its way through the store.
        case finishing(Lease)
    }

    let id: JobID
    let owner: UserID
    let specification: JobSpecification
    let plan: Payload
    var driver: Driver = .waiting
    var driverEpoch: Int64
    var driverLosses: Int64 = 0
    /// Bytes that the next driver's worker must have, after one ran out of memory.
    var driverMemory: Int64 = 0
    /// Where a driver was lost: elsewhere first.
    var avoided: Set<NodeID> = []
    var lastFailure = ""
    /// Those not closed.
    var regions: Set<RegionID> = []
    /// Those of them with chunks that wait, ascending.
    var readyRegions: [RegionID] = []
    var resume: [ResumePoint] = []
    var resumePlaces: Set<ResumePlace> = []
    /// By syntax node.
    var loops: [Int64: LoopTotals] = [:]
    /// When its first driver was sent off.
    var started: MonotonicTime?
    var chunks: Int64 = 0
    var chunksDone: Int64 = 0

    /// Larger priority first, older first.
    var rank: JobRank { JobRank(negatedPriority: -specification.priority, id: id) }

    var lease: Lease? {
        switch driver {
        case .waiting: nil
        case .leased(let lease), .finishing(let lease): lease
        }
    }

    /// The holder of a driver's lease, when `token` is the one in force.
    func holder(of token: LeaseToken) -> SessionID? {
        guard case .leased(let lease) = driver, lease.token == token else { return nil }
        return lease.holder
    }
}

/// Where a resume point is: there is one for each.
struct ResumePlace: Hashable, Sendable {
    let node: Int64
    let entry: Int64
    let prefixRecords: Int64
}

struct JobRank: Hashable, Comparable, Sendable {
    let negatedPriority: Int
    let id: JobID

    static func < (left: Self, right: Self) -> Bool {
        (left.negatedPriority, left.id) < (right.negatedPriority, right.id)
    }
}
