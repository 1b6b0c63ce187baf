import RunSurgeCore
import RunSurgeScheduling

/// What a master does around its machine: elections, sessions, the clock, and the effects.
extension World {
    private static let tick: Int64 = 100_000

    func carryOutMaster(_ happening: Happening) {
        if case .election(let index) = happening { return elect(hosts[index]) }
        guard let host = living(happening) else { return }
        if host.stalledUntil > now { return agenda.add(happening, at: host.stalledUntil) }
        switch happening {
        case .masterListens: listen(host)
        case .masterTick: tick(host)
        case .loads: read(host)
        case .loaded(_, _, let jobs, let cancelled):
            feed(host, jobs.filter { !host.leaving.contains($0.job.id) }.map { .jobLoaded($0) })
            if !cancelled.isEmpty { feed(host, [.jobsCancelled(cancelled)]) }
        case .unreachable(_, _, let session):
            guard let worker = host.links[session], agents[worker].session != session else { return }
            host.links[session] = nil
            feed(host, [.unreachable(session)])
        case .commits(_, _, let lane, let work, let term, let isRepeated):
            commit(host, lane: lane, work, term: term, isRepeated: isRepeated)
        case .answers(_, _, let lane, let answer): take(answer, on: host, lane: lane)
        default: break
        }
    }

    /// The host that something was meant for, if the same process still runs there.
    private func living(_ happening: Happening) -> MasterHost? {
        switch happening {
        case .masterListens(let host, let incarnation), .masterTick(let host, let incarnation),
            .loads(let host, let incarnation), .loaded(let host, let incarnation, _, _),
            .unreachable(let host, let incarnation, _), .answers(let host, let incarnation, _, _):
            return hosts[host].incarnation == incarnation ? hosts[host] : nil
        case .commits(let host, let incarnation, _, let work, let term, let isRepeated):
            if hosts[host].incarnation == incarnation { return hosts[host] }
            // What the server had received it carries out, whether or not anybody hears of it.
            if isStoreUp, random.chance(0.5) { _ = carryOut(work, term: term, isRepeated: isRepeated) }
            return nil
        default: return nil
        }
    }

    // MARK: Leadership

    private func elect(_ host: MasterHost) {
        defer { after(random.pick(50_000..<250_000), .election(host.index)) }
        guard host.stalledUntil <= now, isStoreUp else { return }
        if host.role == .down {
            // Its supervisor starts it again.
            guard isCalm || random.chance(0.3) else { return }
            host.role = .standingBy
        }
        guard host.role == .standingBy, lockHolder == nil else { return }
        host.incarnation += 1
        lockHolder = (host.index, host.incarnation)
        host.role = .leading
        host.machine = DispatchMachine(term: store.beginTerm(), configuration: Scenario.dispatch)
        host.lastStep = now
        ledger.masterStarted(host.index)
        note("m\(host.index) leads term \(host.machine.term)")
        // What it finds in the store is loaded before anybody is greeted.
        let jobs = store.unfinished(without: [], scenario.modules)
        after(random.pick(1_000..<200_000), .loaded(host.index, host.incarnation, jobs, cancelled: []))
        after(200_000, .masterListens(host.index, host.incarnation))
    }

    private func listen(_ host: MasterHost) {
        host.isListening = true
        after(0, .masterTick(host.index, host.incarnation))
        after(0, .loads(host.index, host.incarnation))
    }

    /// Its process ends.
    func end(_ host: MasterHost, because reason: String) {
        note("m\(host.index) ends: \(reason)")
        if lockHolder?.host == host.index { lockHolder = nil }
        host.end()
    }

    private func tick(_ host: MasterHost) {
        host.ticks += 1
        after(Self.tick, .masterTick(host.index, host.incarnation))
        feed(host, [.tick])
        ledger.checkFairness(host.machine, now, fail)
        guard host.role == .leading, host.ticks % 3 == 0 else { return }
        for session in host.links.keys.sorted() {
            send(from: host, to: session, .probe)
            send(from: host, to: session, .beacon)
        }
    }

    private func read(_ host: MasterHost) {
        after(random.pick(100_000..<300_000), .loads(host.index, host.incarnation))
        guard isStoreUp else { return }
        let jobs = store.unfinished(without: host.machine.knownJobs.union(host.leaving), scenario.modules)
        let cancelled = store.cancelled(among: host.machine.knownJobs)
        guard !jobs.isEmpty || !cancelled.isEmpty else { return }
        after(random.pick(500..<20_000), .loaded(host.index, host.incarnation, jobs, cancelled: cancelled))
    }

    // MARK: What comes in

    func arrive(atHost index: Int, from worker: Int, _ session: SessionID, _ message: ToMaster) {
        let host = hosts[index]
        if host.stalledUntil > now {
            return agenda.add(
                .toMaster(host: index, worker: worker, session: session, message), at: host.stalledUntil)
        }
        guard host.isListening else { return note("w\(worker) → m\(index): nobody listens") }
        // Whom the master does not know by its key, it does not hear.
        guard agents[worker].isApproved else { return note("w\(worker) → m\(index): its key is revoked") }
        note("w\(worker) → m\(index): \(Briefly.message(message))")
        switch message {
        case .hello(let held): greet(host, worker, session, held)
        case .event(let event):
            guard host.links[session] == worker, host.machine.node(of: session) != nil else {
                if !host.greeting.contains(session) { send(from: host, to: session, .refuse, worker: worker) }
                return
            }
            if case .goodbye = event { host.links[session] = nil }
            feed(host, [event])
        case .results(let reports): receive(reports, at: host, from: session)
        }
    }

    private func greet(_ host: MasterHost, _ worker: Int, _ session: SessionID, _ held: [LeaseToken]) {
        if host.links[session] == worker, host.machine.node(of: session) != nil {
            return feed(host, [.hello(hello(worker, session, held))])
        }
        guard host.greeting.insert(session).inserted else { return }
        enqueue(.attach(worker: worker, session, held), on: host, lane: MasterHost.aggregation)
    }

    func hello(_ worker: Int, _ session: SessionID, _ held: [LeaseToken]) -> WorkerHello {
        let host = agents[worker].host
        return WorkerHello(
            session: session, node: host.node, slots: host.slots, memory: host.memory,
            pythonVersion: host.pythonVersion, modules: host.modules, held: held)
    }

    private func receive(_ reports: [Report], at host: MasterHost, from session: SessionID) {
        var events: [DispatchEvent] = []
        var chunks: [ChunkResult] = []
        var sums: [LeaseToken: UInt64] = [:]
        for report in reports {
            switch report {
            case .chunk(let result): chunks.append(result)
            case .driver(let token, let end, let sum):
                sums[token] = sum
                events.append(.driverEnded(session, token, end))
            }
        }
        if !chunks.isEmpty { events.insert(.results(session, chunks), at: 0) }
        feed(host, events, sums: sums)
        if mutant == .acknowledgeBeforeCommit {
            for result in chunks where result.outcome.status.isConclusive {
                send(from: host, to: session, .acknowledge([TokenVerdict(token: result.token, verdict: .accepted)]))
            }
        }
    }

    // MARK: The machine

    func feed(_ host: MasterHost, _ events: [DispatchEvent], sums: [LeaseToken: UInt64] = [:]) {
        guard !events.isEmpty else { return }
        ledger.beforeMaster(host, events, now: now, silence: now - host.lastStep)
        host.lastStep = now
        let effects = host.machine.handle(events, now: host.time(now))
        if steps % depth == 0, let broken = host.machine.brokenInvariant { fail("master \(host.index): \(broken)") }
        for effect in effects { carryOut(effect, of: host, sums) }
        ledger.afterMaster(host, events, effects, now: now, fail)
    }

    private func carryOut(_ effect: DispatchEffect, of host: MasterHost, _ sums: [LeaseToken: UInt64]) {
        switch effect {
        case .recordLeases(let leases): enqueue(.leases(leases), on: host, lane: MasterHost.writes)
        case .accept(let results, let session):
            lastBatch += 1
            enqueue(
                .results(results.map { ($0, session) }, batch: lastBatch), on: host, lane: MasterHost.writes)
        case .recordLosses: enqueue(.losses, on: host, lane: MasterHost.writes)
        case .openRegion(let key, let region): enqueue(.open(key, region), on: host, lane: MasterHost.writes)
        case .closeRegion(let id, _): enqueue(.close(id), on: host, lane: MasterHost.writes)
        case .releaseDriver(let id, let epoch):
            enqueue(.release(id, epoch: epoch), on: host, lane: MasterHost.writes)
        case .failJob(let id, let reason):
            note("m\(host.index) fails job \(id): \(reason)")
            host.leaving.insert(id)
            enqueue(.fail(id), on: host, lane: MasterHost.writes)
        case .fetchResults(let id, let from, let limit):
            enqueue(.fetch(id, from: from, limit: limit), on: host, lane: MasterHost.reads)
        case .finishJob(let token, let session, _):
            guard let sum = sums[token] else { return }
            enqueue(.finish(token, session, sum: sum), on: host, lane: MasterHost.aggregation)
        case .jobChanged, .nodeChanged: break
        default: tell(effect, host)
        }
    }

    private func tell(_ effect: DispatchEffect, _ host: MasterHost) {
        switch effect {
        case .welcome(let session, let keep, let cancel):
            send(from: host, to: session, .welcome(keep: keep, cancel: cancel))
        case .assign(let session, let items, let contexts):
            send(from: host, to: session, .assign(items, contexts))
            if mutant == .dealTwice, random.chance(0.1) { dealAgain(items, contexts, host, besides: session) }
        case .acknowledge(let session, let verdicts): send(from: host, to: session, .acknowledge(verdicts))
        case .cancel(let session, let tokens, _): send(from: host, to: session, .cancel(tokens))
        case .answer(let session, let answer): send(from: host, to: session, .answer(answer))
        case .deliver(let session, let driver, let region, let outcomes):
            send(from: host, to: session, .deliver(driver, region, outcomes))
        case .drain(let session, _): send(from: host, to: session, .drain)
        default: break
        }
    }

    private func dealAgain(
        _ items: [Assignment], _ contexts: [RegionDescription], _ host: MasterHost, besides session: SessionID
    ) {
        guard let other = host.links.keys.filter({ $0 != session }).min() else { return }
        send(from: host, to: other, .assign(items, contexts))
    }
}
