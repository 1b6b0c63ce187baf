import RunSurgeCore
import RunSurgeScheduling

/// From a master to the agent of one session.
enum ToWorker {
    case welcome(keep: [LeaseToken], cancel: [LeaseToken])
    case refuse
    case assign([Assignment], [RegionDescription])
    case acknowledge([TokenVerdict])
    case cancel([LeaseToken])
    case answer(RegionAnswer)
    case deliver(LeaseToken, RegionID, [ChunkOutcome])
    case drain
    /// Without content: it shows that the connection is alive, and whether it is.
    case probe
    case beacon
}

/// From an agent to a master.
enum ToMaster {
    case hello([LeaseToken])
    case event(DispatchEvent)
    case results([Report])
}

/// One result on its way.
enum Report {
    case chunk(ChunkResult)
    case driver(LeaseToken, DriverEnd, sum: UInt64)

    var token: LeaseToken {
        switch self {
        case .chunk(let result): result.token
        case .driver(let token, _, _): token
        }
    }

    func renamed(_ token: LeaseToken) -> Report {
        switch self {
        case .chunk(let result): .chunk(ChunkResult(token: token, node: nil, outcome: result.outcome))
        case .driver(_, let end, let sum): .driver(token, end, sum: sum)
        }
    }
}

/// What is going to happen. Numbers after a worker or a host are of its incarnation: what was meant for an earlier one
/// is lost.
enum Happening {
    case toMaster(host: Int, worker: Int, session: SessionID, ToMaster)
    case toWorker(Int, host: Int, session: SessionID, term: Int64, ToWorker)
    // Masters
    case election(Int)
    case masterListens(Int, Int)
    case masterTick(Int, Int)
    case loads(Int, Int)
    case loaded(Int, Int, [LoadedJob], cancelled: Set<JobID>)
    case unreachable(Int, Int, SessionID)
    case commits(Int, Int, lane: Int, StoreWork, term: Int64, isRepeated: Bool)
    case answers(Int, Int, lane: Int, StoreAnswer)
    // Workers
    case agentStarts(Int)
    case socketsOpen(Int, Int)
    case workerTick(Int, Int)
    case chunkEnds(Int, Int, WorkerProcessID, WorkKey, run: Int)
    case processGone(Int, Int, WorkerProcessID)
    case driverMoves(Int, Int, WorkKey, step: Int)
    case driverGone(Int, Int, WorkKey)
    // Everything else
    case submission(JobID)
    case misfortune(Misfortune)
    case storeStarts
}

/// One write or read, as it goes to the store.
enum StoreWork {
    case leases([LeaseRecord])
    case results([(result: ChunkResult, session: SessionID)], batch: UInt64)
    case losses
    case open(RegionRequestKey, NewRegion)
    case close(RegionID)
    case release(JobID, epoch: Int64)
    case fail(JobID)
    case finish(LeaseToken, SessionID, sum: UInt64)
    case attach(worker: Int, SessionID, [LeaseToken])
    case fetch(RegionID, from: Int64, limit: Int)
}

enum StoreAnswer {
    case nothing
    case events([DispatchEvent])
    case failed(JobID)
    case attached(worker: Int, SessionID, [LeaseToken])
    case fenced
}

enum Misfortune: CaseIterable {
    case partition, agentCrash, agentStall, processCrash, masterCrash, masterStall, lockLoss, storeCrash, diskFull
    case drain, revocation, replay, cancellation
}
