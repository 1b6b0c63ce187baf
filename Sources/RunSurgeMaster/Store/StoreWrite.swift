internal import RunSurgeCore
internal import RunSurgeScheduling

/// One thing that the dispatcher wants stored, in the order of wanting.
enum StoreWrite: Sendable {
    case leases([LeaseRecord])
    case results([ChunkResult], from: SessionID)
    case losses([AttemptLoss])
    case openRegion(RegionRequestKey, NewRegion)
    case closeRegion(RegionID, committed: Int64)
    case releaseDriver(JobID, epoch: Int64)
    case failJob(JobID, reason: String)

    /// Whether it may be written together with its neighbours; the others keep their place.
    var isBatched: Bool {
        switch self {
        case .leases, .results, .losses: true
        case .openRegion, .closeRegion, .releaseDriver, .failJob: false
        }
    }

    var weight: Int {
        switch self {
        case .leases(let leases): leases.count
        case .results(let results, _): results.count
        case .losses(let losses): losses.count
        case .openRegion, .closeRegion, .releaseDriver, .failJob: 1
        }
    }
}
