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
    private var begun: [WorkKey: Set<Int64>] = [:]
    private var provenLosses: [WorkKey: Int] = [:]
    private var accepted: Set<WorkKey> = []
    private(set) var blamedDriverLosses: [JobID: Int64] = [:]
    private var contendedSince: Int64?

    init(scenario: Scenario) { self.scenario = scenario }

    private mutating func excuse(_ key: WorkKey) { reasons[key, default: 0] += 1 }

    // MARK: Workers

    mutating func begins(_ token: LeaseToken, _ fail: Complaint) {
        executions[token.key, default: 0] += 1
        begun[token.key, default: []].insert(token.epoch)
        let (count, limit) = (executions[token.key, default: 0], 1 + reasons[token.key, default: 0])
        if count > limit { fail("\(token.key) is executed for the \(count)th time, with \(limit - 1) reasons to repeat it") }
    }

    /// The process that had these chunks is gone, or the agent with all of its.
    mutating func abandoned(_ keys: some Sequence<WorkKey>) { for key in keys { excuse(key) } }

    // MARK: Masters

    mutating func masterStarted(_ host: Int) {
        for key in executions.keys { excuse(key) }
        leased[host] = [:]
    }

    mutating func beforeMaster(_ host: Int, _ events: [DispatchEvent], now: Int64, silence: Int64) {
        if silence > 600_000 {
            for key in leased[host].keys { leased[host][key]?.renewed += silence }
        }
        for event in events {
            switch event {
            case .pull(let session, let pull):
                for token in pull.held where leased[host][token.key]?.token == token {
                    if leased[host][token.key]?.session == session { leased[host][token.key]?.renewed = now }
                }
            case .nack(_, let token): drop(token, host)
            case .hello(let hello): end(host) { $0.node == hello.node && $0.session != hello.session }
            case .goodbye(let session): end(host) { $0.session == session }
            case .revoked(let node): end(host) { $0.node == node }
            default: break
            }
        }
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
        for effect in effects { note(effect, host, now, fail) }
        for case .tick in events { return checkExpiry(host, now, fail) }
    }

    private mutating func note(_ effect: DispatchEffect, _ host: MasterHost, _ now: Int64, _ fail: Complaint) {
        switch effect {
        case .assign(let session, let items, _):
            let node = host.machine.node(of: session)
            for item in items {
                leased[host.index][item.token.key] = Held(
                    token: item.token, session: session, node: node, renewed: now)
            }
        case .welcome(let session, let keep, let cancel):
            let node = host.machine.node(of: session)
            for token in keep {
                leased[host.index][token.key] = Held(token: token, session: session, node: node, renewed: now)
            }
            for token in cancel { excuse(token.key) }
        case .cancel(_, let tokens, _): for token in tokens { drop(token, host.index) }
        case .acknowledge(_, let verdicts):
            for token in verdicts.map(\.token) where leased[host.index][token.key]?.token == token {
                leased[host.index][token.key] = nil
            }
        case .recordLosses(let losses): for loss in losses { lost(loss, host.index) }
        case .accept(let results, let session):
            for result in results where leased[host.index][result.token.key]?.token == result.token {
                leased[host.index][result.token.key] = nil
            }
            guard session == 0 else { return }
            for key in results.map(\.token.key) where provenLosses[key, default: 0] == 0 {
                fail("\(key) was given up, and nothing ever happened to it")
            }
        default: break
        }
    }

    private mutating func lost(_ loss: AttemptLoss, _ host: Int) {
        let key = loss.token.key
        if key.isDriver { blamedDriverLosses[key.job, default: 0] += 1 }
        if loss.cause != .lost || begun[key]?.contains(loss.token.epoch) == true { provenLosses[key, default: 0] += 1 }
        drop(loss.token, host)
    }

    /// A lease that nobody has renewed for its time and a sweep is over.
    private mutating func checkExpiry(_ host: MasterHost, _ now: Int64, _ fail: Complaint) {
        for (key, held) in leased[host.index] where now - held.renewed > 4_000_000 {
            excuse(key)
            leased[host.index][key] = nil
            if host.machine.node(of: held.session) != nil {
                fail("\(held.token) is leased to session \(held.session), which last named it at \(World.clock(held.renewed))")
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

    /// As long as two users both have chunks that wait, neither gets ahead by more than what is under way.
    mutating func checkFairness(_ machine: DispatchMachine, _ now: Int64, _ fail: Complaint) {
        guard let bound = scenario.fairnessBound else { return }
        let users = Set(scenario.jobs.map(\.owner)).sorted()
        guard users.count == 2, users.allSatisfy({ machine.readyChunks(of: $0) > 0 }) else { return }
        let lead = abs(machine.usage(of: users[0]) - machine.usage(of: users[1]))
        if lead > bound {
            fail("one user is \(lead / Double(Scenario.share)) slot-seconds ahead of the other, \(bound / Double(Scenario.share)) allowed")
        }
    }
}
