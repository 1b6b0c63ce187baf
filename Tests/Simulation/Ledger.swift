import RunSurgeCore
import RunSurgeScheduling

/// Keeps its own account of what masters and workers do, and says when it does not add up. It sees what passes between
/// them, not what the machines think.
struct Ledger {
    struct Held {
        let token: LeaseToken
        let session: SessionID
        let node: NodeID?
        var renewed: Int64
    }

    /// Reports a violation.
    typealias Complaint = (@autoclosure () -> String) -> Void

    private let scenario: Scenario
    /// By master host: what it has leased, and when it was last told that it is held.
    private var leased: [[WorkKey: Held]] = [[:], [:]]
    private var executions: [WorkKey: Int] = [:]
    /// Executions that have a reason: what ended an earlier one, or may have.
    private var reasons: [WorkKey: Int] = [:]
    /// Of the newest master that is known to have leased it.
    private var terms: [WorkKey: Int64] = [:]
    private var begun: [WorkKey: Set<Int64>] = [:]
    /// From the first one on that may have been the chunk's own fault: after it, it is dealt alone.
    private var countedLosses: [WorkKey: Int] = [:]
    private var outOfMemory: Set<WorkKey> = []
    /// By master host: attempts that are known to have ended by themselves.
    private var ended: [Set<LeaseToken>] = [[], []]
    /// Attempts whose worker has said, or is about to, how they ended.
    private var reported: Set<LeaseToken> = []
    private var accepted: Set<WorkKey> = []
    /// The newest lease of each unit that any master has given out.
    private var newest: [WorkKey: LeaseToken] = [:]
    // What is not wanted any more, and since when a result ends its loop
    private var overJobs: Set<JobID> = []
    private var closedRegions: Set<RegionID> = []
    private var committing: Set<WorkKey> = []
    private var lastChunks: [RegionID: Int64] = [:]
    /// By session: the places of its last Pull, that Pull's number, and what was assigned since and not named by one.
    private var credit: [SessionID: (places: Int, sequence: UInt64)] = [:]
    private var inFlight: [SessionID: Set<LeaseToken>] = [:]
    private var unreachable: Set<SessionID> = []
    private(set) var blamedDriverLosses: [JobID: Int64] = [:]

    init(scenario: Scenario) { self.scenario = scenario }

    private mutating func excuse(_ key: WorkKey) { reasons[key, default: 0] += 1 }

    // MARK: Workers

    mutating func begins(_ token: LeaseToken, _ fail: Complaint) {
        executions[token.key, default: 0] += 1
        begun[token.key, default: []].insert(token.epoch)
        let (count, limit) = (executions[token.key, default: 0], 1 + reasons[token.key, default: 0])
        if count > limit {
            fail("\(token.key) is executed for the \(count)th time, with \(limit - 1) reasons to repeat it")
        }
    }

    /// The process that had these chunks is gone, or the agent with all of its.
    mutating func abandoned(_ keys: some Sequence<WorkKey>) { for key in keys { excuse(key) } }

    mutating func reports(_ token: LeaseToken) { reported.insert(token) }

    // MARK: Masters

    mutating func masterStarted(_ host: Int) {
        leased[host] = [:]
        ended[host] = []
    }

    mutating func beforeMaster(_ master: MasterHost, _ events: [DispatchEvent], now: Int64, silence: Int64) {
        let host = master.index
        if silence > 600_000 {
            for key in leased[host].keys { leased[host][key]?.renewed += silence }
        }
        for event in events {
            switch event {
            case .pull(let session, let pull):
                guard pulled(session, pull, host) else { continue }
                for token in pull.held where leased[host][token.key]?.token == token {
                    if leased[host][token.key]?.session == session { leased[host][token.key]?.renewed = now }
                }
            case .nack(let session, let token):
                inFlight[session]?.remove(token)
                drop(token, host)
            case .unreachable(let session): unreachable.insert(session)
            case .results(let session, let results): for result in results { inFlight[session]?.remove(result.token) }
            case .driverEnded(let session, let token, _): inFlight[session]?.remove(token)
            case .jobsCancelled(let ids): overJobs.formUnion(ids)
            case .driverCommitted(let token, _, let verdict): if verdict != .stale { overJobs.insert(token.key.job) }
            case .committed(let records):
                committing.subtract(records.map(\.result.token.key))
                for record in records where record.verdict != .stale {
                    ended(record.result.token.key, record.result.outcome)
                }
            case .resultsFetched(let region, _, let outcomes):
                for outcome in outcomes where outcome.status != .completed {
                    lastChunks[region] = min(lastChunks[region] ?? .max, outcome.index)
                }
            case .hello(let hello):
                if master.machine.node(of: hello.session) == nil { credit[hello.session] = nil }
                credit[hello.session]?.places = 0
                end(host) { $0.node == hello.node && $0.session != hello.session }
            case .goodbye(let session): end(host) { $0.session == session }
            case .revoked(let node): end(host) { $0.node == node }
            default: break
            }
        }
    }

    private mutating func ended(_ key: WorkKey, _ outcome: ChunkOutcome) {
        guard let region = key.region, outcome.status != .completed else { return }
        lastChunks[region] = min(lastChunks[region] ?? .max, key.chunk)
    }

    /// - Returns: whether it is newer than the last.
    private mutating func pulled(_ session: SessionID, _ pull: WorkerPull, _ host: Int) -> Bool {
        guard pull.sequence > credit[session]?.sequence ?? 0 else { return false }
        credit[session] = (pull.freeSlots + pull.prefetch, pull.sequence)
        // What it names has arrived, and what was taken back does not count any longer.
        let held = Set(pull.held)
        inFlight[session] = inFlight[session]?.filter { !held.contains($0) && leased[host][$0.key]?.token == $0 }
        unreachable.remove(session)
        return true
    }

    private mutating func drop(_ token: LeaseToken, _ host: Int) {
        excuse(token.key)
        if leased[host][token.key]?.token == token { leased[host][token.key] = nil }
    }

    private mutating func end(_ host: Int, _ isOver: (Held) -> Bool) {
        for (key, held) in leased[host] where isOver(held) {
            excuse(key)
            leased[host][key] = nil
        }
    }

    mutating func afterMaster(
        _ host: MasterHost, _ events: [DispatchEvent], _ effects: [DispatchEffect], now: Int64, _ fail: Complaint
    ) {
        for case .recordLosses(let losses) in effects { for loss in losses { lost(loss, host.index, now, fail) } }
        for effect in effects { note(effect, host, now, fail) }
        for case .tick in events { return checkExpiry(host, now, fail) }
    }

    private mutating func note(_ effect: DispatchEffect, _ host: MasterHost, _ now: Int64, _ fail: Complaint) {
        switch effect {
        case .assign(let session, let items, _):
            let node = host.machine.node(of: session)
            for item in items {
                // What an earlier master had leased, the next one may lease again.
                let former = terms.updateValue(item.token.term, forKey: item.token.key)
                if let former, former != item.token.term { excuse(item.token.key) }
                newest[item.token.key] = item.token
                inFlight[session, default: []].insert(item.token)
                leased[host.index][item.token.key] = Held(
                    token: item.token, session: session, node: node, renewed: now)
            }
            let (given, places) = (inFlight[session]?.count ?? 0, credit[session]?.places ?? 0)
            if given > places {
                fail("\(given) units are on their way to session \(session), which offered \(places) places")
            }
        case .welcome(let session, let keep, let cancel):
            let node = host.machine.node(of: session)
            for token in keep {
                leased[host.index][token.key] = Held(token: token, session: session, node: node, renewed: now)
            }
            for token in cancel {
                let isHeld = leased[host.index][token.key] != nil
                if !isHeld, newest[token.key] == token, !reported.contains(token), isWanted(token.key, host) {
                    fail("\(token) was refused when its worker came back, and nobody else was given it")
                }
                excuse(token.key)
            }
        case .cancel(_, let tokens, let reason):
            for token in tokens {
                let isHeld = leased[host.index][token.key] != nil
                if reason == "the lease is over", !isHeld, newest[token.key] == token, isWanted(token.key, host) {
                    fail("\(token) was cancelled, and nobody else was given it")
                }
                drop(token, host.index)
            }
        case .closeRegion(let id, _): closedRegions.insert(id)
        case .failJob(let id, _): overJobs.insert(id)
        case .acknowledge(_, let verdicts):
            for token in verdicts.map(\.token) where leased[host.index][token.key]?.token == token {
                leased[host.index][token.key] = nil
            }
        case .accept(let results, let session):
            for result in results where leased[host.index][result.token.key]?.token == result.token {
                leased[host.index][result.token.key] = nil
            }
            committing.formUnion(results.map(\.token.key))
            guard session == 0 else { return }
            for result in results { ended(result.token.key, result.outcome) }
            for key in results.map(\.token.key) where !outOfMemory.contains(key) {
                let count = countedLosses[key, default: 0]
                if count < Limits.chunkLosses { fail("\(key) was given up after \(count) losses that count") }
            }
        default: break
        }
    }

    private func isWanted(_ key: WorkKey, _ host: MasterHost) -> Bool {
        guard let region = key.region else { return false }
        return host.machine.knownJobs.contains(key.job) && !overJobs.contains(key.job) && !accepted.contains(key)
            && !committing.contains(key) && !closedRegions.contains(region) && key.chunk <= lastChunks[region] ?? .max
    }

    private mutating func lost(_ loss: AttemptLoss, _ host: Int, _ now: Int64, _ fail: Complaint) {
        let key = loss.token.key
        for session in [leased[host][key]?.session, loss.token.session].compactMap({ $0 }) {
            inFlight[session]?.remove(loss.token)
        }
        if loss.cause == .lost, let held = leased[host][key], held.token == loss.token,
            !unreachable.contains(held.session), now - held.renewed < 2_900_000
        {
            fail("\(loss.token) was given up as lost, and was renewed at \(World.clock(held.renewed))")
        }
        if key.isDriver { blamedDriverLosses[key.job, default: 0] += 1 }
        let mayBeItsFault = loss.cause != .lost || begun[key]?.contains(loss.token.epoch) == true
        if mayBeItsFault || countedLosses[key] != nil { countedLosses[key, default: 0] += 1 }
        if loss.cause == .outOfMemory { outOfMemory.insert(key) }
        if ended[host].contains(loss.token) { fail("\(loss.token) was lost again after it had ended") }
        if loss.cause != .lost { ended[host].insert(loss.token) }
        drop(loss.token, host)
    }

    /// A lease that nobody has renewed for its time and a sweep is over.
    private mutating func checkExpiry(_ host: MasterHost, _ now: Int64, _ fail: Complaint) {
        for (key, held) in leased[host.index] where now - held.renewed > 4_000_000 {
            excuse(key)
            leased[host.index][key] = nil
            if host.machine.node(of: held.session) != nil {
                fail(
                    "\(held.token) is leased to session \(held.session), which last named it at \(World.clock(held.renewed))"
                )
            }
        }
    }

    /// A result is counted once, by whatever master.
    mutating func counted(_ records: [ResultVerdictRecord], _ fail: Complaint) {
        for record in records where record.verdict == .accepted {
            let key = record.result.token.key
            if !accepted.insert(key).inserted { fail("a result of \(key) was counted twice") }
        }
    }

    // MARK: Users

    /// As long as two users both have work that waits, neither gets ahead by more than what is under way.
    mutating func checkFairness(_ machine: DispatchMachine, _ now: Int64, _ fail: Complaint) {
        guard let bound = scenario.fairnessBound else { return }
        let users = Set(scenario.jobs.map(\.owner)).sorted()
        guard users.count == 2, users.allSatisfy(machine.isWaiting) else { return }
        let lead = abs(machine.usage(of: users[0]) - machine.usage(of: users[1]))
        if lead > bound {
            fail(
                "one user is \(lead / Double(Scenario.share)) slot-seconds ahead of the other, \(bound / Double(Scenario.share)) allowed"
            )
        }
    }
}
