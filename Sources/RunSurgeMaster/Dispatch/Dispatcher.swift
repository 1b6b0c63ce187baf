internal import Logging
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
internal import ZeroMQ

/// Feeds the dispatch machine and carries out what it wants. Nothing in here waits for the store.
actor Dispatcher {
    private var machine: DispatchMachine
    private var links = WorkerLinks()
    /// What drivers reported, until the machine has looked at it.
    private var driverReports: [LeaseToken: DriverReport] = [:]
    /// Jobs that have left the machine and whose end is not stored yet: they must not be loaded again.
    private var leaving: Set<JobID> = []
    /// Nodes that shall be given nothing more.
    private var draining: Set<NodeID> = []

    private let work: SocketHandle
    private let writes: WorkQueue<StoreWrite>
    private let aggregation: WorkQueue<AggregatorItem>
    private let reads: WorkQueue<ResultRead>
    private let events: EventPublisher
    private var book: NodeBook
    private let metrics: MasterMetrics
    private let settings: LinkSettings
    /// What workers are told of the masters' keys, 32 bytes each.
    private var serverKeys: [[UInt8]]
    private let watch: PeerWatch
    private let logger: Logger
    private let start = ContinuousClock.now

    init(
        machine: DispatchMachine, work: SocketHandle, writes: WorkQueue<StoreWrite>,
        aggregation: WorkQueue<AggregatorItem>, reads: WorkQueue<ResultRead>, events: EventPublisher,
        metrics: MasterMetrics, settings: LinkSettings, watch: PeerWatch, logger: Logger
    ) {
        self.machine = machine
        self.metrics = metrics
        book = NodeBook(term: settings.term, timeout: settings.configuration.dispatch.nodeTimeout)
        self.work = work
        self.writes = writes
        self.aggregation = aggregation
        self.reads = reads
        self.events = events
        self.settings = settings
        serverKeys = settings.configuration.serverKeys?.announced(beside: []) ?? []
        self.watch = watch
        self.logger = logger
    }

    private var now: MonotonicTime {
        let passed = ContinuousClock.now - start
        // An hour of head start: no time computed from it is negative.
        return MonotonicTime(nanoseconds: 0) + passed + .seconds(3_600)
    }

    // MARK: What comes in

    func handle(_ events: [DispatchEvent]) {
        for case .revoked(let node) in events { book.revoke(node) }
        let effects = machine.handle(events, now: now)
        carryOut(effects)
    }

    /// Messages of the work endpoint, in order of arrival.
    func receive(_ letters: [WorkerLetter]) {
        var batch: [DispatchEvent] = []
        var strangers: Set<Frame> = []
        batch.reserveCapacity(letters.count)
        for letter in letters {
            let (peer, message) = (letter.peer, letter.message)
            guard !links.isForeign(message.session, to: letter.sender) else {
                watch.report(peer, "a message under another worker's session")
                continue
            }
            if case .hello(let hello) = message.body {
                greet(letter, hello, &batch)
                continue
            }
            guard links.session(of: peer) == message.session, machine.node(of: message.session) != nil else {
                strangers.insert(peer)
                continue
            }
            do throws(ProtocolError) {
                if let event = try WorkerMessageReader.event(message) { batch.append(own(event, letter.sender)) }
            } catch {
                watch.report(peer, error)
            }
            if case .goodbye = message.body { links.remove(message.session) }
        }
        if !batch.isEmpty { handle(batch) }
        for peer in strangers where !links.isGreeting(peer) {
            let reason = "This master does not know the session: say Hello again."
            send(.refuse(Refusal(code: "unknown_session", reason: reason, retry: true)), to: peer)
        }
    }

    /// One batch of a worker's results.
    func receive(_ batches: [ReceivedResults]) {
        var incoming: [DispatchEvent] = []
        for var batch in batches {
            guard links.owner(of: batch.session) == batch.sender else {
                // A session of an earlier master is greeted anew, and its results are sent again.
                if links.owner(of: batch.session) != nil {
                    watch.report([], "results under another worker's session")
                }
                continue
            }
            if links.areAnyForeign(batch.chunks.lazy.map(\.token.session), to: batch.sender) {
                batch.chunks.removeAll { links.isForeign($0.token.session, to: batch.sender) }
            }
            if !batch.chunks.isEmpty { incoming.append(.results(batch.session, batch.chunks)) }
            for (token, driver) in batch.drivers where !links.isForeign(token.session, to: batch.sender) {
                driverReports[token] = driver
                incoming.append(.driverEnded(batch.session, token, driver.end))
            }
            let logs = batch.logs.filter { !links.isForeign($0.holder, to: batch.sender) }.map(\.0)
            if !logs.isEmpty {
                let bytes = logs.reduce(0) { $0 + $1.bytes.count }
                aggregation.append(.logs(logs, from: batch.session), weight: bytes)
            }
        }
        if !incoming.isEmpty { handle(incoming) }
        driverReports.removeAll(keepingCapacity: true)
    }

    func peerIsGone(_ peer: Frame) {
        guard let session = links.session(of: peer) else { return }
        links.remove(session)
        handle([.unreachable(session)])
    }

    /// Sends every worker a message without content: one whose connection is gone shows as unroutable, long before
    /// its leases run out.
    func probe() {
        let nothing = MasterMessageWriter.acknowledge([])
        for peer in links.all { send(.message(nothing), to: peer) }
    }

    /// Drains these nodes, whichever session they come in, and no others.
    func drain(_ nodes: Set<NodeID>) {
        let begun = nodes.subtracting(draining).flatMap { machine.sessions(of: $0) }
        let ended = draining.subtracting(nodes).flatMap { machine.sessions(of: $0) }
        draining = nodes
        handle(begun.map { .drain($0, reason: Self.drainReason) })
        // A drain lasts as long as its session: what the worker still runs it brings along to the next.
        let refusal = Refusal(code: "drain_over", reason: "Greet again: you are not drained any more.", retry: true)
        for session in ended { send(.refuse(refusal), to: session) }
    }

    private static let drainReason = "the node is to be drained"

    /// Sends every worker away to greet whoever leads next: this master ends in order.
    func dismiss() {
        let refusal = Refusal(code: "stopping", reason: "This master stops; greet the next one.", retry: true)
        for peer in links.all { send(.refuse(refusal), to: peer) }
        links = WorkerLinks()
    }

    // MARK: Keys

    /// The event without leases that were another's: they may be known to whoever watches.
    private func own(_ event: DispatchEvent, _ sender: PeerIdentity) -> DispatchEvent {
        guard case .pull(let session, let pull) = event,
            links.areAnyForeign(pull.held.lazy.map(\.session), to: sender)
        else { return event }
        return .pull(
            session,
            WorkerPull(
                freeSlots: pull.freeSlots, prefetch: pull.prefetch, freeMemory: pull.freeMemory,
                held: pull.held.filter { !links.isForeign($0.session, to: sender) }, sequence: pull.sequence))
    }

    /// What these keys hold goes to others, and nothing more is taken from them.
    func revoke(_ identities: Set<PeerIdentity>) {
        handle(identities.compactMap { $0.node.map(DispatchEvent.revoked) })
        let refusal = Refusal(code: "revoked", reason: "The key of this worker was revoked.", retry: false)
        for session in links.sessions(of: identities) {
            send(.refuse(refusal), to: session)
            links.remove(session)
        }
    }

    /// The keys of all masters on this database: whoever is attached learns of a change at once.
    func tell(_ known: [[UInt8]]) {
        guard let own = settings.configuration.serverKeys else { return }
        let announced = own.announced(beside: known)
        guard announced != serverKeys else { return }
        serverKeys = announced
        // To an attached worker a Welcome says no more than the keys.
        for session in links.sessions { welcome(session, [], []) }
    }

    private func welcome(_ session: SessionID, _ keep: [LeaseToken], _ cancel: [LeaseToken]) {
        guard let owner = links.owner(of: session) else { return }
        let welcome = settings.welcome(
            owner, version: links.version(of: session) ?? FrameCodec.versions.upperBound,
            node: machine.node(of: session), serverKeys: serverKeys, keep, cancel)
        send(.message(welcome), to: session)
    }

    // MARK: Greeting

    private func greet(_ letter: WorkerLetter, _ hello: WireHello, _ batch: inout [DispatchEvent]) {
        let (peer, session) = (letter.peer, letter.message.session)
        if let current = links.session(of: peer), links.isForeign(current, to: letter.sender) {
            return watch.report(peer, "a greeting under another worker's name")
        }
        if links.session(of: peer) == session, let node = machine.node(of: session) {
            // The answer to an earlier greeting was lost.
            batch.append(.hello(self.hello(session, node, hello, letter.sender)))
            return
        }
        guard !links.isGreeting(peer) else { return }
        if let refusal = settings.refusal(of: hello, session: session, attached: links.count) {
            watch.report(peer, refusal.reason)
            return send(.refuse(refusal), to: peer)
        }
        links.beginGreeting(peer)
        aggregation.append(.attach(Greeting(peer: peer, sender: letter.sender, session: session, hello: hello)))
    }

    /// The store knows the workers' nodes.
    func attached(_ workers: [(Greeting, NodeID)]) {
        links.forgetOwners(past: 4 * settings.configuration.sessions) { machine.node(of: $0) != nil }
        var greeted: [DispatchEvent] = []
        for (greeting, node) in workers {
            // While the store was asked, the key may have been revoked, or the session taken.
            guard settings.keys.identity(of: greeting.sender.userID) != nil,
                !links.isForeign(greeting.session, to: greeting.sender)
            else {
                links.endGreeting(greeting.peer)
                continue
            }
            links.add(greeting)
            book.greet(node, name: greeting.hello.nodeName)
            logger.info(
                "a worker is attached",
                metadata: [
                    "node": "\(node)", "name": "\(greeting.hello.nodeName)", "slots": "\(greeting.hello.slots)",
                ])
            greeted.append(.hello(hello(greeting.session, node, greeting.hello, greeting.sender)))
        }
        handle(greeted)
        let drained = workers.filter { draining.contains($1) && links.peer(of: $0.session) != nil }.map(\.0.session)
        if !drained.isEmpty { handle(drained.map { .drain($0, reason: Self.drainReason) }) }
    }

    private func hello(
        _ session: SessionID, _ node: NodeID, _ wire: WireHello, _ sender: PeerIdentity
    ) -> WorkerHello {
        WorkerHello(session: session, node: node, wire: wire) { links.isForeign($0.session, to: sender) }
    }

    func refused(_ greeting: Greeting, reason: String) {
        links.endGreeting(greeting.peer)
        send(.refuse(Refusal(code: "not_stored", reason: reason, retry: false)), to: greeting.peer)
    }

    // MARK: Jobs

    func load(_ jobs: [LoadedJob]) {
        handle(jobs.filter { !leaving.contains($0.job.id) }.map { .jobLoaded($0) })
    }

    func cancel(_ jobs: Set<JobID>) {
        guard !jobs.isEmpty else { return }
        handle([.jobsCancelled(jobs)])
        metrics.jobsCancelled(jobs.count)
        for job in jobs { events.publish(job: job, state: .cancelled, chunks: 0, done: 0) }
    }

    func failureIsStored(of job: JobID) {
        leaving.remove(job)
        events.publish(job: job, state: .failed, chunks: 0, done: 0)
    }

    /// Those the store need not be asked for.
    var knownJobs: Set<JobID> { machine.knownJobs.union(leaving) }
    var loadedJobs: Set<JobID> { machine.knownJobs }
    func specification(of job: JobID) -> JobSpecification? { machine.specification(of: job) }

    // MARK: Nodes

    /// Nodes that were alive under the last master.
    func expect(_ nodes: [Node]) { book.expect(nodes, now: now, wall: EventPublisher.wall) }

    /// Heartbeats: which of them are of attached workers.
    func heard(_ origins: [HeartbeatOrigin]) -> [Bool] {
        let known = origins.map {
            machine.node(of: $0.session)?.rawValue == $0.node && links.owner(of: $0.session) == $0.sender
        }
        handle(zip(origins, known).filter(\.1).map { .heard($0.0.session) })
        return known
    }

    func look() -> DispatchLook {
        let counts = machine.counts
        for node in book.overdue(now: now, wall: EventPublisher.wall) { events.publish(node) }
        return DispatchLook(
            counts: counts, oldestLease: counts.oldestGrant.map { now - $0 },
            nodes: book.all(machine.nodeStates(now: now)), sessions: links.count)
    }

    func takeNodeChanges() -> NodeBook.Changes { book.takeChanges() }

    func acknowledge(_ positions: [WireLogPosition], to session: SessionID) {
        var ack = WireAck()
        ack.logs = positions
        send(.message(MasterMessageWriter.message(.ack(ack))), to: session)
    }

    // MARK: What goes out

    private func carryOut(_ effects: [DispatchEffect]) {
        for effect in effects {
            metrics.observe(effect)
            switch effect {
            case .recordLeases(let leases): writes.append(.leases(leases), weight: leases.count)
            case .accept(let results, let session):
                writes.append(.results(results, from: session), weight: results.count)
            case .recordLosses(let losses): writes.append(.losses(losses), weight: losses.count)
            case .openRegion(let key, let region): writes.append(.openRegion(key, region))
            case .closeRegion(let id, let committed): writes.append(.closeRegion(id, committed: committed))
            case .releaseDriver(let id, let epoch): writes.append(.releaseDriver(id, epoch: epoch))
            case .failJob(let id, let reason):
                leaving.insert(id)
                writes.append(.failJob(id, reason: reason))
            case .finishJob(let token, let session, let summary):
                guard let driver = driverReports[token] else { continue }
                let usage = machine.node(of: session).map { driver.usage(on: $0) }
                aggregation.append(.finish(token, from: session, summary, driver, usage))
            case .fetchResults(let region, let from, let limit):
                reads.append(ResultRead(region: region, from: from, limit: limit))
            case .jobChanged(let job, let state, let chunks, let done):
                events.publish(job: job, state: state, chunks: chunks, done: done)
            case .nodeChanged(let status):
                logger.info(
                    "a node's state has changed",
                    metadata: ["node": "\(status.node)", "state": "\(status.state)", "leases": "\(status.leases)"])
                events.publish(book.note(status, wall: EventPublisher.wall))
            default: tellWorker(effect)
            }
        }
    }

    private func tellWorker(_ effect: DispatchEffect) {
        switch effect {
        case .welcome(let session, let keep, let cancel): welcome(session, keep, cancel)
        case .assign(let session, let assignments, let contexts):
            for message in MasterMessageWriter.assign(assignments, contexts) { send(.message(message), to: session) }
        case .acknowledge(let session, let verdicts):
            send(.message(MasterMessageWriter.acknowledge(verdicts)), to: session)
        case .cancel(let session, let tokens, let reason):
            send(.message(MasterMessageWriter.cancel(tokens, reason: reason)), to: session)
        case .drain(let session, let reason):
            send(.message(MasterMessageWriter.message(.drain(.with { $0.reason = reason }))), to: session)
        case .answer(let session, let answer): send(.message(MasterMessageWriter.answer(answer)), to: session)
        case .deliver(let session, let driver, let region, let outcomes):
            send(.message(MasterMessageWriter.deliver(driver: driver, region, outcomes)), to: session)
        default: break
        }
    }

    private enum Outgoing {
        case message(WireMasterMessage)
        case refuse(Refusal)
    }

    private func send(_ outgoing: Outgoing, to session: SessionID) {
        guard let peer = links.peer(of: session) else { return }
        send(outgoing, to: peer)
    }

    private func send(_ outgoing: Outgoing, to peer: Frame) {
        let message =
            switch outgoing {
            case .message(let message): message
            case .refuse(let refusal):
                MasterMessageWriter.refuse(code: refusal.code, reason: refusal.reason, retry: refusal.retry)
            }
        do {
            try work.send([peer, FrameCodec.encode(message)])
        } catch {
            // What was lost heals with the next Pull, or with the end of the lease.
            logger.error("a message to a worker was not sent", metadata: ["error": "\(error)"])
        }
    }
}
