import RunSurgeCore
import RunSurgeScheduling

/// A master, its store and its workers over a faulty network, in virtual time. The same seed gives the same run.
struct DispatchSimulation {
    struct Faults {
        var disconnects = 0.0
        var kills = 0.0
        var masterCrashes = 0.0
        var slowStore = 0.0
        /// Milliseconds after which nothing goes wrong any more, so that everything must come to its end.
        var until = 60_000
    }

    private enum Item {
        case toMaster(DispatchEvent, worker: Int, session: SessionID)
        case toWorker(DispatchEffect, worker: Int, session: SessionID)
        case write(DispatchEffect)
        case reconnect(worker: Int)
        case masterStarts
    }

    private var random: SeededRandom
    private var machine: DispatchMachine
    private var store = SimulatedStore()
    private var workers: [SimulatedWorker]
    private var isMasterUp = true
    private var generation = 0
    private var term: Int64 = 1
    private var nextSession: SessionID
    private(set) var now = 0
    /// Ordered by time, first come first served.
    private var agenda: [(time: Int, generation: Int?, item: Item)] = []
    private var laneFreeAt = 0
    private var linkFreeAt: [SessionID: (out: Int, back: Int, results: Int)] = [:]
    private let faults: Faults
    private(set) var driverLosses = 0

    init(seed: UInt64, jobs: Int, workers count: Int, faults: Faults) {
        random = SeededRandom(seed: seed)
        self.faults = faults
        machine = DispatchMachine(term: 1, configuration: Self.configuration)
        nextSession = SessionID(count + 1)
        workers = (0..<count).map { index in
            SimulatedWorker(
                node: NodeID(Int64(index + 1)), slots: 1 + index % 3, prefetch: index % 4,
                session: SessionID(index + 1))
        }
        for id in 1...jobs {
            let job = Bench.job(Int64(id), owner: Int64(1 + id % 2))
            store.jobs[job.id] = job
        }
        for worker in workers.indices { schedule(.reconnect(worker: worker), after: 10 * worker) }
        for job in store.loaded() { feed(.jobLoaded(job)) }
    }

    private static var configuration: DispatchConfiguration {
        var configuration = DispatchConfiguration()
        configuration.cachedResultBytes = 4_000
        return configuration
    }

    /// nil when all jobs have ended and nothing was wrong on the way.
    mutating func run(limit: Int = 900_000) -> String? {
        while now < limit {
            if store.isEverythingOver { return check() }
            now += 10
            if now.isMultiple(of: 500), isMasterUp { feed(.tick) }
            while let first = agenda.first, first.time <= now {
                agenda.removeFirst()
                if let generation = first.generation, generation != self.generation { continue }
                carryOut(first.item)
            }
            for index in workers.indices { stepWorker(index) }
            if now < faults.until { breakSomething() }
            if let wrong = wrong { return "at \(now) ms: \(wrong)" }
        }
        let open = store.jobs.values.filter { !$0.state.isFinal }.map { "\($0.id): \($0.state)" }
        return "not everything ended in \(limit) ms: \(open), \(machine.counts)"
    }

    private var wrong: String? {
        if isMasterUp, now.isMultiple(of: 50), let broken = machine.brokenInvariant { return broken }
        return workers.lazy.compactMap(\.complaint).first
    }

    private func check() -> String? {
        let failed = store.jobs.values.filter { $0.state != .completed }
        return failed.isEmpty ? nil : "jobs \(failed.map(\.id)) ended otherwise: \(failed.map(\.state))"
    }

    // MARK: The network

    private mutating func schedule(_ item: Item, after delay: Int, generation: Int? = nil) {
        let time = now + delay
        let position = agenda.firstIndex { $0.time > time } ?? agenda.count
        agenda.insert((time, generation, item), at: position)
    }

    /// In order for each link, with a delay of its own for each message.
    private mutating func arrival(
        _ session: SessionID, _ path: WritableKeyPath<(out: Int, back: Int, results: Int), Int>
    )
        -> Int
    {
        let delay = Int.random(in: 1..<40, using: &random)
        var link = linkFreeAt[session] ?? (0, 0, 0)
        link[keyPath: path] = max(link[keyPath: path], now + delay)
        linkFreeAt[session] = link
        return link[keyPath: path] - now
    }

    private mutating func stepWorker(_ index: Int) {
        workers[index].step(now: now, random: &random)
        let session = workers[index].session
        for message in workers[index].outgoing {
            switch message {
            case .work(let event):
                schedule(
                    .toMaster(event, worker: index, session: session), after: arrival(session, \.out),
                    generation: generation)
            case .result(let event):
                schedule(
                    .toMaster(event, worker: index, session: session), after: arrival(session, \.results),
                    generation: generation)
            }
        }
        workers[index].outgoing = []
    }

    private mutating func carryOut(_ item: Item) {
        switch item {
        case .toMaster(let event, let worker, let session):
            guard workers[worker].session == session else { return }
            feed(event)
        case .toWorker(let effect, let worker, let session):
            guard workers[worker].session == session else { return }
            workers[worker].receive(effect, now: now, random: &random)
        case .write(let effect): write(effect)
        case .reconnect(let worker):
            guard isMasterUp else { return schedule(item, after: 200) }
            let session = workers[worker].session
            schedule(
                .toMaster(workers[worker].hello, worker: worker, session: session), after: arrival(session, \.out),
                generation: generation)
        case .masterStarts: startMaster()
        }
    }

    // MARK: The master

    private mutating func feed(_ event: DispatchEvent) {
        guard isMasterUp else { return }
        let time = MonotonicTime(nanoseconds: 1_000_000_000_000 + Int64(now) * 1_000_000)
        for effect in machine.handle(event, now: time) { carryOut(effect) }
    }

    private mutating func carryOut(_ effect: DispatchEffect) {
        switch effect {
        case .welcome(let session, _, _), .assign(let session, _, _), .acknowledge(let session, _),
            .cancel(let session, _, _), .answer(let session, _), .deliver(let session, _, _, _):
            guard let worker = workers.firstIndex(where: { $0.session == session }) else { return }
            schedule(
                .toWorker(effect, worker: worker, session: session), after: arrival(session, \.back),
                generation: generation)
        case .jobChanged: break
        default:
            let isSlow = now < faults.until && random.chance(faults.slowStore)
            laneFreeAt = max(laneFreeAt, now) + Int.random(in: 1..<(isSlow ? 4_000 : 15), using: &random)
            schedule(.write(effect), after: laneFreeAt - now, generation: generation)
        }
    }

    private mutating func write(_ effect: DispatchEffect) {
        switch effect {
        case .recordLeases(let leases): store.record(leases)
        case .accept(let results, let session):
            feed(
                .committed(
                    results.map { ResultVerdictRecord(result: $0, session: session, verdict: store.accept($0)) }))
        case .openRegion(let key, let region): feed(.regionOpened(key, store.open(region)))
        case .closeRegion(let id, _): store.regions[id]?.isClosed = true
        case .fetchResults(let id, let from, let limit):
            let record = store.regions[id]
            let outcomes = (record?.results.keys.filter { $0 >= from } ?? []).sorted().prefix(limit)
                .compactMap { record?.results[$0]?.outcome }
            feed(.resultsFetched(id, from: from, outcomes))
        case .releaseDriver(let job, let epoch):
            driverLosses += 1
            store.release(job, epoch: epoch)
        case .failJob(let job, _): store.fail(job)
        case .finishJob(let token, let session, _):
            feed(.driverCommitted(token, session: session, store.finish(token)))
        default: break
        }
    }

    private mutating func startMaster() {
        isMasterUp = true
        term += 1
        machine = DispatchMachine(term: term, configuration: Self.configuration)
        for job in store.loaded() { feed(.jobLoaded(job)) }
    }

    // MARK: Faults

    private mutating func breakSomething() {
        if random.chance(faults.masterCrashes), isMasterUp { crashMaster() }
        for index in workers.indices where workers[index].isAttached {
            if random.chance(faults.disconnects) { cut(index, losingState: false) }
            if random.chance(faults.kills) { cut(index, losingState: true) }
        }
    }

    /// What was on its way to the store or to anybody is lost with it.
    private mutating func crashMaster() {
        isMasterUp = false
        generation += 1
        laneFreeAt = now
        for index in workers.indices { cut(index, losingState: false) }
        schedule(.masterStarts, after: Int.random(in: 100..<3_000, using: &random))
    }

    private mutating func cut(_ index: Int, losingState: Bool) {
        let former = workers[index].session
        workers[index].session = nextSession
        nextSession += 1
        workers[index].sequence = 0
        workers[index].isAttached = false
        workers[index].outgoing = []
        if losingState { workers[index].held = [] }
        if random.chance(0.7) {
            let noticed = Int.random(in: 1..<2_000, using: &random)
            schedule(
                .toMaster(.unreachable(former), worker: index, session: workers[index].session), after: noticed,
                generation: generation)
        }
        schedule(.reconnect(worker: index), after: Int.random(in: 50..<(losingState ? 8_000 : 3_000), using: &random))
    }
}
