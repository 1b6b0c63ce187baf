internal import Logging
internal import RunSurgeCore
internal import RunSurgeScheduling
internal import ZeroMQ

/// The loops of one term of a master, wired together.
struct Engine: Sendable {
    let term: Int64
    private let links: GuardedLinks
    private let enrolment: (any EnrolmentStore)?
    let configuration: MasterConfiguration
    let logger: Logger
    private static let farewell = Duration.milliseconds(50)
    private let watch: PeerWatch
    private let dispatcher: Dispatcher
    private let writes = WorkQueue<StoreWrite>(capacity: 50_000)
    private let aggregation = WorkQueue<AggregatorItem>(capacity: 64 << 20)
    private let reads = WorkQueue<ResultRead>(capacity: 1_000)
    private let wakeUps = WorkQueue<WakeUp>(capacity: 1_000)
    private let lane: StoreLane
    private let aggregator: AggregatorLoop
    private let reader: ResultReadLoop
    private let loader: LoadLoop
    private let scheduler: SchedulerLoop
    private let uploads: UploadLoop?
    private let groups: GroupLoop?
    private let events: EventPublisher
    private let metrics: MasterMetrics
    private let store: any DispatchStore
    private let persistence: Persistence

    init(
        store: any DispatchStore, enrolment: (any EnrolmentStore)?, blobs: any BlobStore,
        syntax: any SyntaxExporting, intake: Intake?, configuration: MasterConfiguration, term: Int64,
        links: GuardedLinks, persistence: Persistence, logger: Logger
    ) {
        self.term = term
        self.links = links
        self.enrolment = enrolment
        let sockets = links.sockets
        self.configuration = configuration
        self.logger = logger
        self.store = store
        self.persistence = persistence
        let metrics = MasterMetrics(configuration.metrics)
        self.metrics = metrics
        watch = PeerWatch(logger: logger)
        events = EventPublisher(socket: sockets.events)
        let dispatcher = Dispatcher(
            machine: DispatchMachine(term: term, configuration: configuration.dispatch), work: sockets.work,
            writes: writes, aggregation: aggregation, reads: reads, events: events, metrics: metrics,
            settings: LinkSettings(
                term: term, local: sockets.local, network: sockets.advertised, keys: links.gate.keys,
                configuration: configuration),
            watch: watch, logger: logger)
        self.dispatcher = dispatcher
        lane = StoreLane(
            store: store, term: term, queue: writes, persistence: persistence, metrics: metrics, logger: logger,
            report: { await dispatcher.handle($0) }, jobFailed: { await dispatcher.failureIsStored(of: $0) })
        aggregator = AggregatorLoop(
            store: store, term: term, queue: aggregation, persistence: persistence, dispatcher: dispatcher,
            events: events, metrics: metrics, logger: logger)
        reader = ResultReadLoop(store: store, queue: reads, persistence: persistence, dispatcher: dispatcher)
        loader = LoadLoop(
            store: store, blobs: blobs, wakeUps: wakeUps, persistence: persistence, dispatcher: dispatcher,
            jobsInMemory: configuration.jobs)
        let planner = JobPlanner(
            store: store, maker: PlanMaker(blobs: blobs, syntax: syntax, logger: logger), term: term,
            persistence: persistence, logger: logger)
        scheduler = SchedulerLoop(
            store: store, planner: planner, persistence: persistence, wakeUps: wakeUps,
            analyses: max(1, configuration.analyses))
        uploads = intake.map {
            UploadLoop(uploads: $0.uploads, starting: $0.starting, persistence: persistence, logger: logger)
        }
        groups = intake.map {
            GroupLoop(
                store: $0.aggregation, packing: $0.packing, blobs: blobs, syntax: syntax, term: term,
                persistence: persistence, logger: logger)
        }
    }

    private var sockets: MasterSockets { links.sockets }

    /// Runs until cancelled, then writes what was received, within the flush time. `isReady` is called once workers
    /// are answered: what a former master had leased is known by then.
    func run(isReady: () -> Void) async throws {
        try await loader.loadUnfinished()
        await dispatcher.expect(try await persistence.persist("nodes") { try await store.aliveNodes() })
        defer { configuration.pulse.stop() }
        // The writers outlive the receivers, so that a cancelled master still stores what it has taken in.
        let (end, ended) = AsyncThrowingStream.makeStream(of: Never.self)
        let writers = Task {
            do {
                try await write()
                ended.finish()
            } catch {
                ended.finish(throwing: error)
            }
        }
        let outcome: Result<Void, any Error>
        do {
            try await receive(until: end, isReady: isReady)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await flush(writers)
        try outcome.get()
    }

    private func write() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await lane.run() }
            group.addTask { try await aggregator.run() }
            group.addTask { try await reader.run() }
            // The first that fails, being fenced, ends the others: `waitForAll` would wait for them.
            while try await group.next() != nil {}
        }
    }

    private func receive(until end: AsyncThrowingStream<Never, any Error>, isReady: () -> Void) async throws {
        try await withThrowingTaskGroup { group in
            // Unlike a task's value, a stream lets go of who waits when that is cancelled.
            group.addTask { for try await _ in end {} }
            group.addTask { try await scheduler.run() }
            group.addTask { try await loader.run() }
            if let uploads { group.addTask { try await uploads.run() } }
            if let groups { group.addTask { try await groups.run() } }
            group.addTask {
                await WorkReceiveLoop(
                    socket: sockets.work, keys: links.gate.keys, dispatcher: dispatcher, watch: watch
                ).run()
            }
            group.addTask {
                await ResultReceiveLoop(
                    socket: sockets.results, keys: links.gate.keys, dispatcher: dispatcher, writes: writes,
                    aggregation: aggregation, watch: watch
                ).run()
            }
            group.addTask {
                await HeartbeatLoop(
                    socket: sockets.heartbeats, keys: links.gate.keys, dispatcher: dispatcher, events: events,
                    watch: watch, metrics: metrics
                ).run()
            }
            if let enrolment {
                group.addTask {
                    try await KeyLoop(
                        store: enrolment, keys: links.gate.keys, dispatcher: dispatcher, events: sockets.events,
                        passes: configuration.blobPasses, logger: logger
                    ).run()
                }
            }
            group.addTask { await sockets.events.read(into: events.subscriptions) }
            group.addTask { try await sockets.events.reopenWhenAsked(logger) }
            group.addTask { for await peer in sockets.lostPeers { await dispatcher.peerIsGone(peer) } }
            group.addTask {
                let (writes, aggregation, reads) = (writes, aggregation, reads)
                try await ClockLoop(
                    dispatcher: dispatcher, aggregation: aggregation, events: events, watch: watch,
                    pulse: configuration.pulse, term: term,
                    weights: { (writes.weight, aggregation.weight, reads.weight) }
                ).run(MasterGauges(configuration.metrics, sockets: sockets))
            }
            isReady()
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func flush(_ writers: Task<Void, Never>) async {
        await dispatcher.handle([.stopAssigning])
        // Detached from this task's cancellation, which has most likely come already.
        let timeout = configuration.flushTimeout
        let isFlushed = await Task {
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await writes.waitUntilIdle()
                    await aggregation.waitUntilIdle()
                    return !Task.isCancelled
                }
                group.addTask {
                    await writers.value
                    return false
                }
                group.addTask {
                    try? await Task.sleep(for: timeout)
                    return false
                }
                defer {
                    group.cancelAll()
                    writers.cancel()
                }
                return await group.next() ?? false
            }
        }.value
        writers.cancel()
        await writers.value
        await dispatcher.dismiss()
        // Closed sockets drop what libzmq has not written yet. Not this task's sleep: it has been cancelled.
        await Task { try? await Task.sleep(for: Self.farewell) }.value
        if !isFlushed { logger.notice("the master ended with writes outstanding; workers send them again") }
    }
}
