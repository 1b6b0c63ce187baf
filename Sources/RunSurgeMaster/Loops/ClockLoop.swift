internal import RunSurgeCore
internal import RunSurgeScheduling

/// Everything that happens because time passes: expiry, the beacon, the liveness of nodes, what is shown as it is now.
struct ClockLoop: Sendable {
    let dispatcher: Dispatcher
    let aggregation: WorkQueue<AggregatorItem>
    let events: EventPublisher
    let watch: PeerWatch
    let pulse: MasterPulse
    let term: Int64
    /// Looks at the queues.
    let weights: @Sendable () -> (store: Int, aggregator: Int, reads: Int)

    private static let tick = Duration.milliseconds(500)
    private static let ticksPerBeacon = 2
    private static let ticksPerNodes = 10

    /// Runs until cancelled.
    func run(_ gauges: consuming MasterGauges) async throws {
        var gauges = gauges
        defer { gauges.retire() }
        var tick = 0
        while true {
            await dispatcher.handle([.tick])
            pulse.beat()
            if tick % Self.ticksPerBeacon == 0 {
                await dispatcher.probe()
                show(await dispatcher.look(), sequence: UInt64(tick / Self.ticksPerBeacon), &gauges)
            }
            // A node that came or went is recorded at once.
            let changes = await dispatcher.takeNodeChanges()
            let isDue = tick % Self.ticksPerNodes == 0 && !changes.seen.isEmpty
            if isDue || !changes.log.isEmpty || !changes.dead.isEmpty { aggregation.append(.nodes(changes)) }
            tick += 1
            try await Task.sleep(for: Self.tick)
        }
    }

    private func show(_ look: DispatchLook, sequence: UInt64, _ gauges: inout MasterGauges) {
        events.publish(
            Beacon(
                term: term, sequence: sequence, counts: look.counts, oldestLease: look.oldestLease,
                badMessages: watch.total))
        for node in look.nodes { events.publish(node) }
        gauges.show(look.counts, oldestLease: look.oldestLease, sessions: look.sessions)
        gauges.show(nodes: look.nodes)
        let weights = weights()
        gauges.show(store: weights.store, aggregator: weights.aggregator, reads: weights.reads)
        gauges.show(badMessages: watch.total)
    }
}

/// What the dispatcher shows of itself at one moment.
struct DispatchLook: Sendable {
    let counts: DispatchCounts
    let oldestLease: Duration?
    let nodes: [KnownNode]
    let sessions: Int
}
