internal import RunSurgeCore
internal import RunSurgeScheduling

/// Everything that happens because time passes: expiry, the beacon, the liveness of nodes.
struct ClockLoop: Sendable {
    let dispatcher: Dispatcher
    let aggregation: WorkQueue<AggregatorItem>
    let events: EventPublisher
    let term: Int64

    private static let tick = Duration.milliseconds(500)
    private static let ticksPerBeacon = 2
    private static let ticksPerNodes = 10

    func run() async throws {
        var tick = 0
        var former: Set<NodeID> = []
        while true {
            await dispatcher.handle([.tick])
            if tick % Self.ticksPerBeacon == 0 {
                await dispatcher.probe()
                events.publish(
                    term: term, sequence: UInt64(tick / Self.ticksPerBeacon), await dispatcher.counts)
            }
            let nodes = await dispatcher.attachedNodes
            // A node that came or went is recorded at once.
            if nodes != former || (tick % Self.ticksPerNodes == 0 && !nodes.isEmpty) {
                aggregation.append(.nodes(seen: nodes, dead: former.subtracting(nodes)))
                former = nodes
            }
            tick += 1
            try await Task.sleep(for: Self.tick)
        }
    }
}
