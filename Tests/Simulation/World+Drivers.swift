import RunSurgeCore
import RunSurgeScheduling

/// The scripts' own processes.
extension World {
    func startDriver(_ token: LeaseToken, _ agent: Agent) {
        let key = token.key
        guard let work = agent.driverWork[key], let script = scenario.scripts[key.job] else {
            return feed(agent, .driverEnded(key))
        }
        let run = DriverRun(key: key, script: script, resume: work.resume, now: now)
        agent.drivers[key] = run
        wake(run, agent, after: random.pick(5_000..<40_000))
    }

    private func wake(_ run: DriverRun, _ agent: Agent, after delay: Int64) {
        run.step += 1
        run.phase = .computing
        after(delay, .driverMoves(agent.index, agent.incarnation, run.key, step: run.step))
    }

    /// It has computed for a while.
    func move(_ agent: Agent, _ run: DriverRun) {
        guard run.phase == .computing, !run.isUnwanted else { return }
        guard run.loop < run.script.loops.count, !run.hasRaised else { return finish(run, agent) }
        let loop = run.script.loops[run.loop]
        if run.isNative || run.record > 0 {
            // The rest, natively.
            compute(run, until: loop.records)
            return nextLoop(run, agent)
        }
        let prefix = run.prefixes[Int64(run.loop)] ?? random.pick(1..<min(10, loop.records))
        compute(run, until: prefix)
        guard !run.hasRaised, loop.records - run.record >= 4 else {
            compute(run, until: loop.records)
            return nextLoop(run, agent)
        }
        handOver(run, loop, agent)
    }

    private func compute(_ run: DriverRun, until end: Int64) {
        let loop = run.script.loops[run.loop]
        while run.record < end, !run.hasRaised {
            if loop.traits[run.record] == .raises {
                run.sum = VirtualScript.fold(run.sum, VirtualScript.raised)
                run.hasRaised = true
            } else {
                run.sum = VirtualScript.fold(run.sum, run.script.value(run.loop, run.record))
                run.record += 1
            }
        }
    }

    private func nextLoop(_ run: DriverRun, _ agent: Agent) {
        run.loop += 1
        run.record = 0
        run.isNative = false
        wake(run, agent, after: random.pick(1_000..<20_000))
    }

    private func handOver(_ run: DriverRun, _ loop: VirtualScript.Loop, _ agent: Agent) {
        guard let token = agent.machine.token(of: run.key) else { return }
        run.lastRequest += 1
        run.phase = .waiting
        var cuts: [Int64] = [run.record]
        let widest: Int64 = scenario.fairnessBound == nil ? 20 : 6
        while let last = cuts.last, last < loop.records {
            cuts.append(min(loop.records, last + random.pick(1..<widest)))
        }
        let offer = RegionOffer(
            key: RegionRequestKey(driver: token, request: run.lastRequest), node: Int64(run.loop), line: 1, entry: 0,
            digest: [UInt8(run.loop), UInt8(clamping: run.record)], sourceJSON: [], modesJSON: [],
            demand: ChunkPlanner.Demand(
                units: run.record..<loop.records, cuts: cuts, secondsPerUnit: Double(loop.microseconds) / 1e6,
                bytesPerUnit: 1_000),
            prefixRecords: run.record, environment: .inline([]), blobs: [])
        run.requests[run.lastRequest] = offer
        send(from: agent, .event(.regionRequested(agent.session, offer)))
        feed(agent, .driverWaits(run.key))
    }

    /// The script's last line.
    private func finish(_ run: DriverRun, _ agent: Agent) {
        run.phase = .over
        if let token = agent.machine.token(of: run.key), !run.isUnwanted {
            enqueue(.driver(token, .finished, sum: run.sum), agent)
        }
        agent.drivers[run.key] = nil
        feed(agent, .driverEnded(run.key))
    }

    func die(_ run: DriverRun, _ agent: Agent) {
        if let token = agent.machine.token(of: run.key), !run.isUnwanted {
            enqueue(.driver(token, .failed(.crashed, reason: "it died"), sum: 0), agent)
        }
        agent.drivers[run.key] = nil
        feed(agent, .driverEnded(run.key))
        settle(agent)
    }

    func driverGone(_ agent: Agent, _ key: WorkKey) {
        agent.drivers[key] = nil
        feed(agent, .driverEnded(key))
    }

    func granted(_ key: WorkKey, _ agent: Agent) {
        guard let run = agent.drivers[key], run.phase == .wanting else { return }
        let rest = run.loop < run.script.loops.count ? run.script.loops[run.loop].records - run.record : 0
        let cost = run.loop < run.script.loops.count ? run.script.loops[run.loop].microseconds : 0
        wake(run, agent, after: 1_000 + (run.hasRaised ? 0 : rest * cost))
    }

    private func wantSlot(_ run: DriverRun, _ agent: Agent) {
        run.phase = .wanting
        feed(agent, .driverWantsSlot(run.key))
    }

    // MARK: What the master sends

    private func run(of token: LeaseToken, _ agent: Agent) -> DriverRun? {
        agent.machine.holds(token) ? agent.drivers[token.key] : nil
    }

    func take(_ answer: RegionAnswer, by agent: Agent) {
        guard let run = run(of: answer.key.driver, agent),
            run.requests.removeValue(forKey: answer.key.request) != nil
        else { return }
        guard let region = answer.region else {
            run.isNative = true
            return wantSlot(run, agent)
        }
        run.regions[region] = DriverRun.OpenRegion(chunks: answer.chunks, committed: 0)
        progress(run, region, agent)
    }

    func take(_ outcomes: [ChunkOutcome], of region: RegionID, _ token: LeaseToken, by agent: Agent) {
        guard let run = run(of: token, agent), var open = run.regions[region] else { return }
        for outcome in outcomes where outcome.index == open.committed {
            commit(outcome, run)
            guard outcome.status == .completed else { return close(run, region, open.committed, agent) }
            open.committed += 1
            run.regions[region]?.committed = open.committed
            if mutant == .closeEarly, open.committed == open.chunks - 1, random.chance(0.1) {
                run.record = run.script.loops[run.loop].records
                return close(run, region, open.committed, agent)
            }
        }
        guard open.committed == open.chunks else { return progress(run, region, agent) }
        close(run, region, open.committed, agent)
    }

    private func commit(_ outcome: ChunkOutcome, _ run: DriverRun) {
        switch outcome.status {
        case .completed, .raised:
            if outcome.range.lowerBound != run.record {
                fail("job \(run.key.job): records \(outcome.range) were delivered where \(run.record) was due")
            }
            for value in outcome.values {
                run.sum = VirtualScript.fold(run.sum, value)
                run.record += 1
            }
            if outcome.status == .raised {
                run.sum = VirtualScript.fold(run.sum, VirtualScript.raised)
                run.hasRaised = true
            }
        default: run.isNative = true
        }
    }

    private func close(_ run: DriverRun, _ region: RegionID, _ committed: Int64, _ agent: Agent) {
        run.regions[region] = nil
        run.isNative = true
        if let token = agent.machine.token(of: run.key) {
            send(
                from: agent, .event(.regionClosed(agent.session, driver: token, region, committed: committed)))
        }
        wantSlot(run, agent)
    }

    private func progress(_ run: DriverRun, _ region: RegionID, _ agent: Agent) {
        guard let token = agent.machine.token(of: run.key), let open = run.regions[region] else { return }
        send(
            from: agent,
            .event(
                .regionProgress(
                    agent.session, driver: token, region, committed: open.committed, windowBytes: 1_200)))
    }

    /// Says again what the master may not have heard.
    func repeatRequests(of run: DriverRun, _ agent: Agent, isNewSession: Bool) {
        run.lastRepeat = now
        guard let token = agent.machine.token(of: run.key) else { return }
        for number in run.requests.keys.sorted() {
            guard let offer = run.requests[number] else { continue }
            let again = offer.addressed(to: token)
            run.requests[number] = again
            send(from: agent, .event(.regionRequested(agent.session, again)))
        }
        for region in run.regions.keys.sorted() { progress(run, region, agent) }
    }
}

extension RegionOffer {
    fileprivate func addressed(to token: LeaseToken) -> RegionOffer {
        RegionOffer(
            key: RegionRequestKey(driver: token, request: key.request), node: node, line: line, entry: entry,
            digest: digest, sourceJSON: sourceJSON, modesJSON: modesJSON, demand: demand,
            prefixRecords: prefixRecords, environment: environment, blobs: blobs)
    }
}
