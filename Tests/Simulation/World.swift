import RunSurgeCore
import RunSurgeScheduling

/// Masters, workers, their store and the network between them, in virtual time. One seed gives one run.
final class World {
    let scenario: Scenario
    let mutant: Mutant?
    let isTracing: Bool
    /// Machines are looked through after so many of their steps.
    let depth: Int

    var random: SeededRandom
    var agenda = Agenda<Happening>()
    var now: Int64 = 0
    var steps = 0

    var store: VirtualStore
    var isStoreUp = true
    /// The leader's advisory lock, by incarnation of a host.
    var lockHolder: (host: Int, incarnation: Int)?
    let hosts = [MasterHost(index: 0), MasterHost(index: 1)]
    let agents: [Agent]
    var ledger: Ledger
    /// When each way between a worker and a host opens again, and whether what is sent meanwhile is lost.
    var partitions: [Int: Partition] = [:]
    var overheard: [(worker: Int, session: SessionID, message: ToMaster)] = []
    var submitted = 0
    var lastBatch: UInt64 = 0

    private(set) var violation: String?
    private(set) var trace: [String] = []

    struct Partition {
        var toMaster: Int64 = 0
        var toWorker: Int64 = 0
        var isLossy = false
    }

    init(seed: UInt64, mutant: Mutant?, depth: Int, isTracing: Bool) {
        scenario = Scenario(seed: seed)
        random = SeededRandom(seed: seed ^ 0x5eed)
        self.mutant = mutant
        self.depth = depth
        self.isTracing = isTracing
        store = VirtualStore(mutant: mutant)
        agents = scenario.hosts.enumerated().map { Agent(index: $0, host: $1) }
        ledger = Ledger(scenario: scenario)
        for host in hosts { after(Int64(host.index) * 5_000, .election(host.index)) }
        for agent in agents { after(random.pick(0..<100_000), .agentStarts(agent.index)) }
        for job in scenario.jobs { after(scenario.submissions[job.id] ?? 0, .submission(job.id)) }
        for misfortune in Misfortune.allCases { scheduleNext(misfortune) }
    }

    var isCalm: Bool { now >= scenario.calm }

    func after(_ delay: Int64, _ happening: Happening) { agenda.add(happening, at: now + delay) }

    func fail(_ reason: @autoclosure () -> String) {
        if violation == nil { violation = reason() }
    }

    func note(_ line: @autoclosure () -> String) {
        guard isTracing else { return }
        trace.append("\(Self.clock(now)) \(line())")
        if trace.count > 400 { trace.removeFirst(200) }
    }

    static func clock(_ time: Int64) -> String {
        let digits = String(time % 1_000_000)
        return "\(time / 1_000_000).\(String(repeating: "0", count: 6 - digits.count))\(digits) s"
    }

    // MARK: Stepping

    private static let patience = 90 * Scenario.second

    /// Runs until everything has come to its end, or something is wrong.
    func run() {
        var allOver: Int64?
        while violation == nil, let next = agenda.next() {
            now = next.time
            steps += 1
            carryOut(next.item)
            if submitted == scenario.jobs.count, store.isEverythingOver {
                if allOver == nil { allOver = now }
                if isCalm, agents.allSatisfy(\.hasDrained) { break }
                if let allOver, now > max(allOver, scenario.calm) + 20 * Scenario.second {
                    let holders = agents.filter { !$0.hasDrained }
                    fail(
                        "all jobs are over, and \(holders.map { "w\($0.index) holds \($0.machine.heldTokens.map(\.key))" })"
                    )
                }
            } else if now > scenario.calm + Self.patience {
                let open = store.jobs.values.filter { !$0.state.isFinal }.map { "\($0.id): \($0.state)" }
                fail("not everything has ended long after the faults: \(open) \(stateOfThings)")
            }
        }
        if violation == nil { checkOutcomes() }
    }

    private var stateOfThings: String {
        let leader = hosts.first { $0.role == .leading }
        let held = agents.map { "w\($0.index)\($0.isUp ? "" : " down"): \($0.machine.heldTokens.map(\.key))" }
        return "\(leader.map { "\($0.machine.counts)" } ?? "no leader") \(held)"
    }

    private func checkOutcomes() {
        for (id, script) in scenario.scripts {
            switch store.jobs[id]?.state {
            case .completed:
                guard let sum = store.endings[id]?.sum, sum == script.expected else {
                    return fail("job \(id) came to \(store.endings[id]?.sum ?? 0), python3 to \(script.expected)")
                }
            case .failed:
                guard ledger.blamedDriverLosses[id, default: 0] >= Limits.driverAttempts else {
                    return fail("job \(id) failed after \(ledger.blamedDriverLosses[id, default: 0]) lost drivers")
                }
            case .cancelled: break
            default: return fail("job \(id) has not ended")
            }
        }
    }

    private func carryOut(_ happening: Happening) {
        switch happening {
        case .toMaster(let host, let worker, let session, let message):
            arrive(atHost: host, from: worker, session, message)
        case .toWorker(let worker, let host, let session, let term, let message):
            arrive(at: agents[worker], from: host, session, term, message)
        case .submission(let id):
            submitted += 1
            if let job = scenario.jobs.first(where: { $0.id == id }) { store.submit(job) }
        case .misfortune(let misfortune):
            if !isCalm { strike(misfortune) }
            scheduleNext(misfortune)
        case .storeStarts: isStoreUp = true
        case .election, .masterListens, .masterTick, .loads, .loaded, .unreachable, .commits, .answers:
            carryOutMaster(happening)
        case .agentStarts, .socketsOpen, .workerTick, .chunkEnds, .processGone, .driverMoves, .driverGone:
            carryOutWorker(happening)
        }
    }

    // MARK: The network

    private func delay() -> Int64 {
        if !isCalm, random.chance(scenario.faults.longDelay) { return random.pick(20_000..<600_000) }
        return random.pick(100..<4_000)
    }

    /// When what is sent now arrives; nil: never. `free` is when the message before it does.
    private func arrival(_ free: inout Int64, blockedUntil: Int64, isLossy: Bool) -> Int64? {
        if !isCalm, random.chance(scenario.faults.loss) { return nil }
        if blockedUntil > now, isLossy { return nil }
        let time = max(now + delay(), blockedUntil + 1, free)
        free = time
        return time
    }

    private func partition(_ worker: Int, _ host: Int) -> Partition { partitions[worker * 2 + host] ?? Partition() }

    func send(from agent: Agent, _ message: ToMaster) {
        guard agent.session != 0 else { return }
        let cut = partition(agent.index, agent.endpoint)
        let isResult = if case .results = message { true } else { false }
        let time =
            isResult
            ? arrival(&agent.resultsFree, blockedUntil: cut.toMaster, isLossy: cut.isLossy)
            : arrival(&agent.workFree, blockedUntil: cut.toMaster, isLossy: cut.isLossy)
        guard let time else { return note("w\(agent.index) → m\(agent.endpoint) lost: \(Briefly.message(message))") }
        let happening = Happening.toMaster(
            host: agent.endpoint, worker: agent.index, session: agent.session, message)
        agenda.add(happening, at: time)
        if !isCalm, random.chance(scenario.faults.duplication) {
            agenda.add(happening, at: time + random.pick(1_000..<2_000_000))
        }
        if scenario.faults.replay > 0, !isCalm {
            if overheard.count < 64 {
                overheard.append((agent.index, agent.session, message))
            } else {
                overheard[random.pick(0..<64)] = (agent.index, agent.session, message)
            }
        }
    }

    func send(from host: MasterHost, to session: SessionID, _ message: ToWorker, worker: Int? = nil) {
        guard let worker = worker ?? host.links[session] else { return }
        let agent = agents[worker]
        guard agent.session == session, agent.endpoint == host.index else {
            // The router can't route it.
            if host.links[session] != nil {
                after(random.pick(100..<300_000), .unreachable(host.index, host.incarnation, session))
            }
            return
        }
        let cut = partition(worker, host.index)
        guard let time = arrival(&agent.backFree, blockedUntil: cut.toWorker, isLossy: cut.isLossy) else {
            return note("m\(host.index) → w\(worker) lost: \(Briefly.message(message))")
        }
        let happening = Happening.toWorker(
            worker, host: host.index, session: session, term: host.machine.term, message)
        agenda.add(happening, at: time)
        if !isCalm, random.chance(scenario.faults.duplication) {
            // Work that comes again long after it was done would be done again: no transport does that within a session.
            let isWork = if case .assign = message { true } else { false }
            agenda.add(happening, at: time + (isWork ? 0 : random.pick(1_000..<2_000_000)))
        }
    }
}
