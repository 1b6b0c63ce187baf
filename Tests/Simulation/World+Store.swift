import RunSurgeCore
import RunSurgeScheduling

/// The writers and the reader of a master, each one thing at a time, and the store's answers.
extension World {
    func enqueue(_ work: StoreWork, on host: MasterHost, lane: Int) {
        host.lanes[lane].waiting.append(work)
        advance(host, lane)
    }

    private func advance(_ host: MasterHost, _ lane: Int) {
        guard !host.lanes[lane].isBusy else { return }
        if host.lanes[lane].batch.isEmpty {
            host.lanes[lane].batch = Self.ordered(host.lanes[lane].waiting)[...]
            host.lanes[lane].waiting = []
        }
        guard let work = host.lanes[lane].batch.popFirst() else { return }
        host.lanes[lane].isBusy = true
        after(
            latency(),
            .commits(host.index, host.incarnation, lane: lane, work, term: host.machine.term, isRepeated: false))
    }

    private func latency() -> Int64 {
        if !isCalm, random.chance(scenario.faults.slowStore) { return random.pick(100_000..<1_500_000) }
        return random.pick(300..<6_000)
    }

    /// Between two writes that keep their place, leases go before results.
    private static func ordered(_ works: [StoreWork]) -> [StoreWork] {
        var ordered: [StoreWork] = []
        var leases: [LeaseRecord] = []
        var results: [(result: ChunkResult, session: SessionID)] = []
        var batch: UInt64 = 0
        func flush() {
            if !leases.isEmpty { ordered.append(.leases(leases)) }
            if !results.isEmpty { ordered.append(.results(results, batch: batch)) }
            leases = []
            results = []
        }
        for work in works {
            switch work {
            case .leases(let more): leases += more
            case .results(let more, let number):
                results += more
                batch = number
            case .losses: continue
            default:
                flush()
                ordered.append(work)
            }
        }
        flush()
        return ordered
    }

    /// The transaction commits; what it answers is on its way.
    func commit(_ host: MasterHost, lane: Int, _ work: StoreWork, term: Int64, isRepeated: Bool) {
        func again(isRepeated: Bool) -> Happening {
            .commits(host.index, host.incarnation, lane: lane, work, term: term, isRepeated: isRepeated)
        }
        guard isStoreUp else { return after(random.pick(20_000..<200_000), again(isRepeated: isRepeated)) }
        let answer = carryOut(work, term: term, isRepeated: isRepeated)
        if !isCalm, random.chance(scenario.faults.lostAnswer) {
            // The connection broke after the commit: nobody knows whether it has come about.
            return after(random.pick(10_000..<200_000), again(isRepeated: true))
        }
        after(random.pick(50..<2_000), .answers(host.index, host.incarnation, lane: lane, answer))
    }

    func carryOut(_ work: StoreWork, term: Int64, isRepeated: Bool) -> StoreAnswer {
        if case .fetch(let id, let from, let limit) = work {
            return .events([.resultsFetched(id, from: from, store.results(of: id, from: from, limit: limit))])
        }
        guard store.admits(term) else { return .fenced }
        if term != store.term { fail("term \(term) wrote \(work) in term \(store.term)") }
        switch work {
        case .leases(let leases):
            store.record(leases)
            return .nothing
        case .results(let results, let batch):
            // Twice in one batch, the second is a duplicate.
            var seen: Set<LeaseToken> = []
            return .events([
                .committed(
                    results.map { item in
                        let record = accept(item, batch)
                        guard !seen.insert(item.result.token).inserted, record.verdict == .accepted else {
                            return record
                        }
                        return ResultVerdictRecord(
                            result: record.result, session: record.session,
                            verdict: mutant == .duplicateIsFresh ? .accepted : .duplicate)
                    })
            ])
        case .open(let key, let region): return .events([.regionOpened(key, store.open(region))])
        case .close(let id): store.close(id)
        case .release(let id, let epoch): store.release(id, epoch: epoch)
        case .fail(let id):
            store.fail(id)
            return .failed(id)
        case .finish(let token, let session, let sum):
            let verdict = store.finish(token, sum: sum, isRepeated: isRepeated)
            return .events([.driverCommitted(token, session: session, verdict)])
        case .attach(let worker, let session, let held): return .attached(worker: worker, session, held)
        case .losses, .fetch: break
        }
        return .nothing
    }

    private func accept(_ item: (result: ChunkResult, session: SessionID), _ batch: UInt64) -> ResultVerdictRecord {
        let (key, token) = (item.result.token.key, item.result.token)
        let former = key.region.flatMap { store.regions[$0] }
        let verdict = store.accept(item.result, batch: batch)
        if verdict == .accepted, former?.results[key.chunk] == nil, let lease = former?.leases[key.chunk],
            (token.term, token.epoch) < (lease.term, lease.epoch)
        {
            fail("a result of \(token) was accepted, and \(lease) was leased since")
        }
        return ResultVerdictRecord(result: item.result, session: item.session, verdict: verdict)
    }

    func take(_ answer: StoreAnswer, on host: MasterHost, lane: Int) {
        switch answer {
        case .nothing: break
        case .events(let events):
            if case .committed(let records)? = events.first { ledger.counted(records, fail) }
            feed(host, events)
        case .failed(let id): host.leaving.remove(id)
        case .attached(let worker, let session, let held):
            host.greeting.remove(session)
            if agents[worker].isApproved {
                host.links[session] = worker
                feed(host, [.hello(hello(worker, session, held))])
            }
        case .fenced: return end(host, because: "term \(host.machine.term) is over")
        }
        host.lanes[lane].isBusy = false
        advance(host, lane)
    }
}
