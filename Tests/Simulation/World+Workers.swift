import RunSurgeCore
import RunSurgeScheduling

/// What an agent does around its machine: sockets, processes, results and the spool.
extension World {
    private static let tick: Int64 = 50_000
    /// A draining agent ends after this, whatever still runs.
    private static let drainPeriod: Int64 = 5_000_000
    /// Without an acknowledgement for this long, what was sent is sent again.
    private static let patience: Int64 = 1_000_000

    func carryOutWorker(_ happening: Happening) {
        if case .agentStarts(let index) = happening { return start(agents[index]) }
        guard let agent = living(happening) else { return }
        if agent.stalledUntil > now { return agenda.add(happening, at: agent.stalledUntil) }
        switch happening {
        case .socketsOpen: opened(agent)
        case .workerTick: tick(agent)
        case .chunkEnds(_, _, let process, let key, let run): chunkEnds(agent, process, key, run)
        case .processGone(_, _, let process): gone(agent, process)
        case .driverMoves(_, _, let key, let step):
            if let run = agent.drivers[key], run.step == step { move(agent, run) }
        case .driverGone(_, _, let key): driverGone(agent, key)
        default: break
        }
        settle(agent)
    }

    private func living(_ happening: Happening) -> Agent? {
        switch happening {
        case .socketsOpen(let worker, let incarnation), .workerTick(let worker, let incarnation),
            .chunkEnds(let worker, let incarnation, _, _, _), .processGone(let worker, let incarnation, _),
            .driverMoves(let worker, let incarnation, _, _), .driverGone(let worker, let incarnation, _):
            agents[worker].incarnation == incarnation && agents[worker].isUp ? agents[worker] : nil
        default: nil
        }
    }

    // MARK: The process

    private func start(_ agent: Agent) {
        guard !agent.isUp else { return }
        agent.isUp = true
        agent.machine = WorkerMachine(settings: Scenario.worker(agent.host), seed: random.next())
        note("w\(agent.index) starts with \(agent.spool.count) results in its spool")
        for (number, report) in agent.spool.sorted(by: { $0.key < $1.key }) {
            agent.outbox[report.token.key] = Agent.Entry(number: number, report: report)
            agent.lastNumber = max(agent.lastNumber, number)
        }
        let recovered = agent.outbox.values.sorted { $0.number < $1.number }.map(\.report.token)
        feed(agent, .recovered(recovered))
        after(0, .workerTick(agent.index, agent.incarnation))
    }

    func crash(_ agent: Agent, because reason: String, backAfter: Int64) {
        guard agent.isUp else { return }
        note("w\(agent.index) ends: \(reason)")
        for process in agent.processes.values { ledger.abandoned(process.pipe) }
        ledger.abandoned(agent.machine.heldTokens.map(\.key))
        agent.end()
        after(backAfter, .agentStarts(agent.index))
    }

    private func tick(_ agent: Agent) {
        after(Self.tick, .workerTick(agent.index, agent.incarnation))
        feed(agent, .tick)
        resendLate(agent)
        guard let since = agent.leavingSince, agent.machine.isEmpty || now - since > Self.drainPeriod else { return }
        send(from: agent, .event(.goodbye(agent.session)))
        crash(agent, because: "it has drained", backAfter: random.pick(500_000..<3_000_000))
    }

    // MARK: The link

    private func opened(_ agent: Agent) {
        agent.session = random.next() | 1
        agent.workFree = now
        agent.resultsFree = now
        agent.backFree = now
        feed(agent, .opened(session: agent.session))
    }

    func arrive(at agent: Agent, from host: Int, _ session: SessionID, _ term: Int64, _ message: ToWorker) {
        guard agent.isUp, agent.session == session, agent.endpoint == host else { return }
        if agent.stalledUntil > now {
            return agenda.add(
                .toWorker(agent.index, host: host, session: session, term: term, message), at: agent.stalledUntil)
        }
        switch message {
        case .probe, .beacon: break
        default: note("m\(host) → w\(agent.index): \(Briefly.message(message))")
        }
        take(message, by: agent, term)
        agent.lastHeard = now
        settle(agent)
    }

    private func take(_ message: ToWorker, by agent: Agent, _ term: Int64) {
        switch message {
        case .welcome(let keep, let cancel):
            if agent.machine.isGreeting { refuse(cancel, keep: keep, agent) }
            // Each that is held is named in one of the two.
            let (keep, cancel) = mutant == .keepEverything ? (agent.machine.heldTokens, []) : (keep, cancel)
            feed(agent, .welcomed(term: term, lease: Scenario.dispatch.leaseDuration, keep: keep, cancel: cancel))
        case .refuse: feed(agent, .refused(reason: "", retry: true))
        case .assign(let items, let contexts): take(items, contexts, by: agent)
        case .acknowledge(let verdicts):
            for verdict in verdicts { check(verdict, at: agent) }
            feed(agent, .settled(verdicts.map(\.token)))
        case .cancel(let tokens):
            agent.refused.formUnion(tokens)
            if mutant != .ignoreCancel { feed(agent, .cancelled(tokens)) }
        case .answer(let answer): take(answer, by: agent)
        case .deliver(let driver, let region, let outcomes): take(outcomes, of: region, driver, by: agent)
        case .drain: feed(agent, .draining)
        case .probe: break
        case .beacon: if agent.machine.isAttached { feed(agent, .heard(term: term)) }
        }
        feed(agent, .heard(term: nil))
    }

    private func refuse(_ cancel: [LeaseToken], keep: [LeaseToken], _ agent: Agent) {
        let kept = Set(keep.map(\.key))
        agent.refused.formUnion(cancel + agent.machine.heldTokens.filter { !kept.contains($0.key) })
    }

    /// What is acknowledged exists, whatever crashes next.
    private func check(_ verdict: TokenVerdict, at agent: Agent) {
        guard verdict.verdict != .stale, let report = agent.outbox[verdict.token.key]?.report,
            report.token == verdict.token
        else { return }
        switch report {
        case .chunk(let result):
            guard result.outcome.status.isConclusive else { return }
            let row = store.regions[result.token.key.region ?? RegionID(0)]?.results[result.token.key.chunk]
            if row == nil { fail("\(verdict.token) was acknowledged as \(verdict.verdict), and is not stored") }
        case .driver(let token, .finished, _):
            if store.jobs[token.key.job]?.state.isFinal != true {
                fail("\(verdict.token) was acknowledged as \(verdict.verdict), and its job has not ended")
            }
        case .driver: return
        }
    }

    private func take(_ items: [Assignment], _ contexts: [RegionDescription], by agent: Agent) {
        for context in contexts {
            agent.contexts.insert(context.region.id)
            agent.loops[context.region.id] = Int(context.region.node)
        }
        var units: [WorkUnit] = []
        for item in items {
            switch item.work {
            case .driver(let description): agent.driverWork[item.token.key] = description
            case .chunk(let range):
                guard let region = item.token.key.region, let loop = agent.loops[region] else {
                    send(from: agent, .event(.nack(agent.session, item.token)))
                    feed(agent, .refused(reason: "a region's context is missing", retry: true))
                    continue
                }
                agent.chunks[item.token.key] = (range, loop)
            }
            units.append(WorkUnit(token: item.token, memory: item.memory))
        }
        feed(agent, .assigned(units))
    }

    // MARK: The machine

    func feed(_ agent: Agent, _ event: WorkerEvent) {
        guard agent.isUp else { return }
        let incarnation = agent.incarnation
        let effects = agent.machine.handle(event, now: agent.time(now))
        if steps % depth == 0, let broken = agent.machine.brokenInvariant { fail("worker \(agent.index): \(broken)") }
        for effect in effects where agent.incarnation == incarnation { carryOut(effect, of: agent) }
        checkMemory(agent)
    }

    private func carryOut(_ effect: WorkerEffect, of agent: Agent) {
        switch effect {
        case .open:
            note("w\(agent.index) opens sockets")
            agent.session = 0
            agent.endpoint = 1 - agent.endpoint
            if mutant == .dropSpool { dropResults(agent) }
            after(random.pick(100..<5_000), .socketsOpen(agent.index, agent.incarnation))
        case .hello(let held): send(from: agent, .hello(held))
        case .pull(let credit):
            if mutant == .loseCredit, random.chance(0.34) { return }
            send(from: agent, .event(.pull(agent.session, credit.pull(isStingy: mutant == .loseCredit))))
        case .reject(let token, _): send(from: agent, .event(.nack(agent.session, token)))
        case .started(let tokens): send(from: agent, .event(.started(agent.session, tokens)))
        case .stop: fail("worker \(agent.index) was refused for good")
        case .resend: resendAll(agent)
        case .renamed(let token):
            if let report = agent.outbox[token.key]?.report {
                agent.outbox[token.key]?.report = report.renamed(token)
            }
        case .forget(let keys):
            for key in keys {
                agent.chunks[key] = nil
                agent.driverWork[key] = nil
                forget(key, agent)
            }
        default: carryOutProcess(effect, of: agent)
        }
    }

    private func carryOutProcess(_ effect: WorkerEffect, of agent: Agent) {
        note("w\(agent.index) \(Briefly.effect(effect))")
        switch effect {
        case .startDriver(let token, _, _): startDriver(token, agent)
        case .grant(let key): granted(key, agent)
        case .startProcess(let id, _, let job, let memory):
            agent.processes[id] = Agent.Process(job: job, memory: memory)
        case .run(let token, let id, let memory):
            guard var process = agent.processes[id], !process.isDying else {
                return fail("\(token.key) was written to process \(id), which is gone")
            }
            process.memory = max(process.memory, memory)
            process.pipe.append(token.key)
            agent.processes[id] = process
            if process.pipe.count == 1 { begin(agent, id, isFresh: process.run == 0) }
        case .endProcess(let id):
            if agent.processes[id]?.pipe.isEmpty == false { fail("process \(id) was ended at work") }
            agent.processes[id]?.isDying = true
            after(random.pick(500..<20_000), .processGone(agent.index, agent.incarnation, id))
        case .killProcess(let id):
            ledger.abandoned(agent.processes[id]?.pipe ?? [])
            agent.processes[id]?.isDying = true
            after(random.pick(500..<60_000), .processGone(agent.index, agent.incarnation, id))
        case .killDriver(let key):
            agent.drivers[key]?.isUnwanted = true
            after(random.pick(500..<60_000), .driverGone(agent.index, agent.incarnation, key))
        case .fail(let key, let id): report(agent.endings[id], for: key, agent)
        default: break
        }
    }

    /// What computes, or has not quite ended, fits the worker together.
    private func checkMemory(_ agent: Agent) {
        var bytes: Int64 = 0
        for process in agent.processes.values where !process.pipe.isEmpty { bytes += process.memory }
        for run in agent.drivers.values where run.phase == .computing && !run.isUnwanted {
            bytes += agent.host.memory / Int64(agent.host.slots)
        }
        if bytes > agent.host.memory {
            fail("\(bytes) bytes are promised at worker \(agent.index), which has \(agent.host.memory)")
        }
    }

    // MARK: Chunk processes

    private func begin(_ agent: Agent, _ id: WorkerProcessID, isFresh: Bool = false) {
        guard let process = agent.processes[id], let key = process.pipe.first, let chunk = agent.chunks[key] else {
            return
        }
        agent.runs += 1
        agent.processes[id]?.run = agent.runs
        if let token = agent.machine.token(of: key) {
            ledger.begins(token, fail)
            if agent.refused.contains(token) { fail("worker \(agent.index) begins \(token), which it was refused") }
        }
        // Its leases are another's by now.
        if now - agent.lastHeard > 3_100_000 {
            fail("worker \(agent.index) begins \(key), and has heard nothing since \(Self.clock(agent.lastHeard))")
        }
        let loop = scenario.scripts[key.job]?.loops[chunk.loop]
        let cost = max(200, (loop?.microseconds ?? 0) * Int64(chunk.range.count))
        let time = cost * random.pick(Int64(80)..<130) / 100 + (isFresh ? random.pick(5_000..<40_000) : 0)
        after(time, .chunkEnds(agent.index, agent.incarnation, id, key, run: agent.runs))
    }

    private func chunkEnds(_ agent: Agent, _ id: WorkerProcessID, _ key: WorkKey, _ run: Int) {
        guard let process = agent.processes[id], !process.isDying, process.run == run, let chunk = agent.chunks[key],
            let script = scenario.scripts[key.job]
        else { return }
        guard
            let outcome = script.outcome(
                of: chunk.range, chunk: key.chunk, loop: chunk.loop, memory: process.memory)
        else {
            return crash(agent, because: "\(key) has killed it", backAfter: random.pick(200_000..<2_000_000))
        }
        guard outcome.status.isConclusive else { return die(agent, id, with: outcome) }
        agent.processes[id]?.pipe.removeFirst()
        if agent.machine.token(of: key) != nil {
            report(outcome, for: key, agent)
            feed(agent, .finished(key, seconds: Double(outcome.wallMicroseconds) / 1e6))
        }
        if agent.processes[id]?.pipe.isEmpty == false, agent.processes[id]?.isDying == false,
            agent.processes[id]?.run == run
        {
            begin(agent, id)
        }
    }

    /// A chunk process ends by itself.
    func die(_ agent: Agent, _ id: WorkerProcessID, with outcome: ChunkOutcome?) {
        ledger.abandoned(agent.processes[id]?.pipe ?? [])
        agent.processes[id] = nil
        if let outcome { agent.endings[id] = outcome }
        feed(agent, .processEnded(id))
        agent.endings[id] = nil
    }

    private func gone(_ agent: Agent, _ id: WorkerProcessID) {
        guard agent.processes.removeValue(forKey: id) != nil else { return }
        feed(agent, .processEnded(id))
    }

    // MARK: Results

    /// - Parameter outcome: nil: the process was killed.
    private func report(_ outcome: ChunkOutcome?, for key: WorkKey, _ agent: Agent) {
        guard let token = agent.machine.token(of: key), let chunk = agent.chunks[key] else { return }
        let killed = ChunkOutcome(
            index: key.chunk, status: .crashed, records: 0, range: chunk.range, effects: .inline([]), reason: "",
            variable: "", line: 0, wallMicroseconds: 0, cpuMicroseconds: 0, peakBytes: 0)
        enqueue(.chunk(ChunkResult(token: token, node: nil, outcome: outcome ?? killed)), agent)
    }

    func enqueue(_ report: Report, _ agent: Agent) {
        ledger.reports(report.token)
        if agent.refused.contains(report.token) {
            fail("worker \(agent.index) has gone on with \(report.token), which it was refused")
        }
        agent.lastNumber += 1
        forget(report.token.key, agent)
        agent.outbox[report.token.key] = Agent.Entry(number: agent.lastNumber, report: report)
        agent.unspooled.append(report.token.key)
    }

    private func forget(_ key: WorkKey, _ agent: Agent) {
        if let entry = agent.outbox.removeValue(forKey: key) { agent.spool[entry.number] = nil }
    }

    private func dropResults(_ agent: Agent) {
        agent.outbox = [:]
        agent.spool = [:]
        agent.waiting = []
        agent.unspooled = []
    }

    /// Spools what is new and pushes what waits; with a full disk both have to wait, and no more work is wanted.
    func settle(_ agent: Agent) {
        guard agent.isUp else { return }
        let isFull = agent.diskFullUntil > now
        if !isFull {
            for key in agent.unspooled {
                guard let entry = agent.outbox[key] else { continue }
                agent.spool[entry.number] = entry.report
                agent.waiting.append(key)
            }
            agent.unspooled = []
        }
        if isFull != agent.isCongested {
            agent.isCongested = isFull
            feed(agent, .congested(isFull))
        }
        push(agent)
    }

    private func push(_ agent: Agent) {
        guard agent.machine.isAttached, !agent.waiting.isEmpty else { return }
        var reports: [Report] = []
        for key in agent.waiting {
            guard let entry = agent.outbox[key], entry.sentAt == nil else { continue }
            agent.outbox[key]?.sentAt = now
            reports.append(entry.report)
        }
        agent.waiting = []
        if !reports.isEmpty { send(from: agent, .results(reports)) }
    }

    private func resendAll(_ agent: Agent) {
        if mutant == .neverResend { return }
        let unspooled = Set(agent.unspooled)
        for key in agent.outbox.keys { agent.outbox[key]?.sentAt = nil }
        agent.waiting = agent.outbox.filter { !unspooled.contains($0.key) }
            .sorted { $0.value.number < $1.value.number }.map(\.key)
        for key in agent.drivers.keys.sorted() {
            if let run = agent.drivers[key] { repeatRequests(of: run, agent, isNewSession: true) }
        }
    }

    private func resendLate(_ agent: Agent) {
        guard agent.machine.isAttached, mutant != .neverResend else { return }
        let late = agent.outbox.filter { $0.value.sentAt.map { $0 + Self.patience < now } ?? false }
        for (key, _) in late.sorted(by: { $0.value.number < $1.value.number }) {
            agent.outbox[key]?.sentAt = nil
            agent.waiting.append(key)
        }
        for key in agent.drivers.keys.sorted() {
            guard let run = agent.drivers[key], now - run.lastRepeat > Self.patience else { continue }
            repeatRequests(of: run, agent, isNewSession: false)
        }
    }
}

extension WorkerCredit {
    fileprivate func pull(isStingy: Bool) -> WorkerPull {
        WorkerPull(
            freeSlots: isStingy ? 0 : freeSlots, prefetch: prefetch, freeMemory: freeMemory, held: held,
            sequence: sequence)
    }
}
