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
    let modules: Set<String>
    /// That of its first driver's worker: another might compute otherwise. nil before, and while nothing was handed over.
    var pythonVersion: String?
    /// Number of its `WorkTraits`.
    var traits: Int
    var driver: Driver = .waiting
    var driverEpoch: Int64
    /// Since it last got further than before.
    var driverLosses: Int64 = 0
    /// Bytes that the next driver's worker must have: what the job asks for, more after one ran out of memory.
    var driverMemory: Int64 = 0
    /// Where a driver was lost: elsewhere first.
    var avoided: Set<NodeID> = []
    var lastFailure = ""
    /// Those not closed.
    var regions: Set<RegionID> = []
    /// The newest of its driver's requests that it is known to have done with.
    var doneRequest: RegionRequestKey?
    /// Where its driver waits.
    var filedDriver: QueueKey?
    var resume: [ResumePoint] = []
    var resumePlaces: Set<ResumePlace> = []
    /// By syntax node.
    var loops: [Int64: LoopTotals] = [:]
    /// When its first driver was sent off, by the caller's clock.
    var started: MonotonicTime?
    var chunks: Int64 = 0
    var chunksDone: Int64 = 0

    var driverRank: WorkRank { WorkRank(negatedPriority: -specification.priority, job: id, region: nil) }

    func rank(of region: RegionID) -> WorkRank {
        WorkRank(negatedPriority: -specification.priority, job: id, region: region)
    }

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

    /// Its driver has done with this request, and with those before it.
    mutating func leave(_ key: RegionRequestKey) {
        if !hasLeft(key) { doneRequest = key }
    }

    /// Whether a request is one that its driver has done with: what comes of it now is a copy's.
    func hasLeft(_ key: RegionRequestKey) -> Bool {
        doneRequest.map { $0.driver == key.driver && $0.request >= key.request } ?? false
    }
}

/// Where a resume point is: there is one for each.
struct ResumePlace: Hashable, Sendable {
    let node: Int64
    let entry: Int64
    let prefixRecords: Int64
}
