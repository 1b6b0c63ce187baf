import RunSurgeCore
import RunSurgeScheduling

/// What goes wrong by itself.
extension World {
    func scheduleNext(_ misfortune: Misfortune) {
        let faults = scenario.faults
        let mean =
            switch misfortune {
            case .partition: faults.partition
            case .agentCrash: faults.agentCrash
            case .agentStall: faults.agentStall
            case .processCrash: faults.processCrash
            case .masterCrash: faults.masterCrash
            case .masterStall: faults.masterStall
            case .lockLoss: faults.lockLoss
            case .storeCrash: faults.storeCrash
            case .diskFull: faults.diskFull
            case .drain: faults.drain
            case .revocation: faults.revocation
            case .replay: faults.replay
            case .cancellation: faults.cancellation
            }
        guard mean > 0, !isCalm else { return }
        after(random.pick(mean / 4..<mean * 2), .misfortune(misfortune))
    }

    func strike(_ misfortune: Misfortune) {
        note("--- \(misfortune)")
        switch misfortune {
        case .partition: cut()
        case .agentCrash: crash(anyAgent, because: "a crash", backAfter: random.pick(50_000..<4_000_000))
        case .agentStall: stallAgent()
        case .processCrash: endAProcess()
        case .masterCrash: if let host = anyMaster { end(host, because: "a crash") }
        case .masterStall:
            if let host = anyMaster {
                host.stalledUntil = max(host.stalledUntil, now + random.pick(100_000..<6_000_000))
            }
        case .lockLoss: lockHolder = nil
        case .storeCrash: crashStore()
        case .diskFull: fillDisk()
        case .drain: drain()
        case .revocation: revoke()
        case .replay: replay()
        case .cancellation: store.cancel(scenario.jobs[random.pick(0..<scenario.jobs.count)].id)
        }
    }

    private var anyAgent: Agent { agents[random.pick(0..<agents.count)] }

    private var anyMaster: MasterHost? {
        let host = hosts[random.pick(0..<2)]
        return host.role == .down ? nil : host
    }

    private func cut() {
        let worker = random.pick(0..<agents.count)
        let host = random.pick(0..<2)
        var cut = partitions[worker * 2 + host] ?? Partition()
        // Short ones flap, long ones outlive leases; each way by itself.
        let end = now + (random.chance(0.5) ? random.pick(50_000..<700_000) : random.pick(700_000..<6_000_000))
        let ways = random.pick(0..<3)
        if ways != 0 { cut.toMaster = end }
        if ways != 1 { cut.toWorker = end }
        cut.isLossy = random.chance(0.6)
        partitions[worker * 2 + host] = cut
        let session = agents[worker].session
        if cut.isLossy, hosts[host].links[session] != nil, random.chance(0.5) {
            after(random.pick(300_000..<1_500_000), .unreachable(host, hosts[host].incarnation, session))
        }
    }

    private func stallAgent() {
        let agent = anyAgent
        agent.stalledUntil = max(agent.stalledUntil, now + random.pick(100_000..<8_000_000))
    }

    private func endAProcess() {
        let agent = anyAgent
        guard agent.isUp, agent.stalledUntil <= now else { return }
        if random.chance(0.3), let run = agent.drivers.keys.min().flatMap({ agent.drivers[$0] }), !run.isUnwanted {
            return die(run, agent)
        }
        let alive = agent.processes.filter { !$0.value.isDying && !$0.value.pipe.isEmpty }.keys
        guard let id = alive.min(by: { $0.value < $1.value }) else { return }
        die(agent, id, with: nil)
        settle(agent)
    }

    private func crashStore() {
        isStoreUp = false
        store.crash()
        // With the connections the lock is gone; the leader finds out when it writes.
        lockHolder = nil
        after(random.pick(50_000..<2_500_000), .storeStarts)
    }

    private func fillDisk() {
        let agent = anyAgent
        agent.diskFullUntil = now + random.pick(200_000..<4_000_000)
    }

    private func drain() {
        let agent = anyAgent
        guard agent.isUp else { return }
        if random.chance(0.5), let host = hosts.first(where: { $0.links[agent.session] == agent.index }) {
            if host.stalledUntil <= now { feed(host, [.drain(agent.session, reason: "maintenance")]) }
            agent.leavingSince = agent.leavingSince ?? now
        } else if agent.stalledUntil <= now {
            agent.leavingSince = agent.leavingSince ?? now
            feed(agent, .draining)
            settle(agent)
        }
    }

    private func revoke() {
        let agent = anyAgent
        // Somebody must be left who can run what it can.
        let others = agents.filter { $0.isApproved && $0.host.pythonVersion == agent.host.pythonVersion }
        guard agent.isApproved, others.count > 1 else { return }
        agent.isApproved = false
        for host in hosts where host.isListening && host.stalledUntil <= now {
            for (session, worker) in host.links where worker == agent.index { host.links[session] = nil }
            feed(host, [.revoked(agent.host.node)])
        }
    }

    /// Somebody without a key says again what was overheard, and the network does, too.
    private func replay() {
        guard !overheard.isEmpty else { return }
        let copy = overheard[random.pick(0..<overheard.count)]
        let host = hosts[random.pick(0..<2)]
        guard host.isListening, host.stalledUntil <= now else { return }
        guard host.machine.node(of: copy.session) != nil else {
            return replayStranger(copy.session, copy.message, host)
        }
        guard host.links[copy.session] == copy.worker else { return }
        arrive(atHost: host.index, from: copy.worker, copy.session, copy.message)
    }

    /// What a session says that was not admitted changes nothing, even if it got past the door.
    private func replayStranger(_ session: SessionID, _ message: ToMaster, _ host: MasterHost) {
        let event: DispatchEvent
        switch message {
        case .hello: return
        case .event(let said): event = said
        case .results(let reports):
            let chunks = reports.compactMap { if case .chunk(let result) = $0 { result } else { nil } }
            event = .results(session, chunks)
        }
        let counts = host.machine.counts
        let effects = host.machine.handle([event], now: host.time(host.lastStep))
        if !effects.isEmpty || host.machine.counts != counts {
            fail("session \(session) is not admitted, and its message \(event) brought about \(effects)")
        }
    }
}
