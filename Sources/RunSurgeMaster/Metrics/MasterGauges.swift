internal import CoreMetrics
internal import RunSurgeCore
internal import RunSurgeScheduling
internal import ZeroMQ

/// What is looked at once a second and shown as it is then. Belongs to the clock loop.
struct MasterGauges {
    /// Resource classes with a line of their own; the rest is summed up as "other".
    private static let classes = 32

    private let factory: any MetricsFactory
    private let leased: Meter
    private let oldestLease: Meter
    private let jobs: (running: Meter, waiting: Meter)
    private let slots: Meter
    private let sessions: Meter
    private let queues: (store: Meter, aggregator: Meter, reads: Meter)
    private let badMessages: Counter
    private var badMessagesSeen = 0
    private var sockets: [SocketMetrics]
    private var ready: [[String]: (chunks: Meter, drivers: Meter)] = [:]
    private let nodes: [(state: NodeStatus.State, meter: Meter)]

    init(_ factory: any MetricsFactory, sockets: MasterSockets) {
        self.factory = factory
        func meter(_ name: MetricName, _ dimensions: [(String, String)] = []) -> Meter {
            Meter(label: name.rawValue, dimensions: dimensions, factory: factory)
        }
        leased = meter(.chunksLeased)
        oldestLease = meter(.oldestLease)
        jobs = (meter(.jobs, [("state", "running")]), meter(.jobs, [("state", "waiting")]))
        slots = meter(.slots)
        sessions = meter(.sessions)
        queues = (
            meter(.queue, [("queue", "store")]), meter(.queue, [("queue", "aggregator")]),
            meter(.queue, [("queue", "reads")])
        )
        nodes = [
            (.attached, meter(.nodes, [("state", "attached")])),
            (.unreachable, meter(.nodes, [("state", "unreachable")])),
            (.draining, meter(.nodes, [("state", "draining")])), (.dead, meter(.nodes, [("state", "dead")])),
            (.left, meter(.nodes, [("state", "left")])),
        ]
        badMessages = Counter(label: MetricName.badMessages.rawValue, factory: factory)
        self.sockets = [
            SocketMetrics("work", factory) { sockets.work.statistics },
            SocketMetrics("results", factory) { sockets.results.statistics },
            SocketMetrics("heartbeats", factory) { sockets.heartbeats.statistics },
            SocketMetrics("events", factory) { sockets.events.statistics },
        ]
    }

    /// The master leads no more: there is nothing to show until its next term.
    mutating func retire() {
        show(DispatchCounts(nodes: 0, slots: 0), oldestLease: nil, sessions: 0)
        show(nodes: [])
        show(store: 0, aggregator: 0, reads: 0)
    }

    mutating func show(_ counts: DispatchCounts, oldestLease age: Duration?, sessions count: Int) {
        leased.set(counts.leasedChunks)
        oldestLease.set((age ?? .zero).seconds)
        jobs.running.set(counts.runningJobs)
        jobs.waiting.set(counts.waitingJobs)
        slots.set(counts.slots)
        sessions.set(count)
        show(counts.queues)
    }

    private mutating func show(_ depths: [QueueDepth]) {
        var present: Set<[String]> = []
        var other = (chunks: Int64(0), drivers: Int64(0))
        for depth in depths {
            let labels = [depth.pythonVersion, depth.modules.joined(separator: " "), "\(depth.memory)"]
            guard ready[labels] != nil || ready.count < Self.classes else {
                other.chunks += depth.readyChunks
                other.drivers += depth.waitingDrivers
                continue
            }
            present.insert(labels)
            set(labels, depth.readyChunks, depth.waitingDrivers)
        }
        if other.chunks > 0 || other.drivers > 0 {
            present.insert(["other", "", ""])
            set(["other", "", ""], other.chunks, other.drivers)
        }
        for (labels, meters) in ready where !present.contains(labels) {
            meters.chunks.destroy()
            meters.drivers.destroy()
            ready[labels] = nil
        }
    }

    private mutating func set(_ labels: [String], _ chunks: Int64, _ drivers: Int64) {
        let dimensions = Array(zip(["python", "modules", "memory_bytes"], labels))
        let meters =
            ready[labels]
            ?? (
                Meter(label: MetricName.chunksReady.rawValue, dimensions: dimensions, factory: factory),
                Meter(label: MetricName.driversWaiting.rawValue, dimensions: dimensions, factory: factory)
            )
        ready[labels] = meters
        meters.chunks.set(chunks)
        meters.drivers.set(drivers)
    }

    func show(nodes known: [KnownNode]) {
        for (state, meter) in nodes { meter.set(known.count { $0.status.state == state }) }
    }

    mutating func show(store: Int, aggregator: Int, reads: Int) {
        queues.store.set(store)
        queues.aggregator.set(aggregator)
        queues.reads.set(reads)
    }

    mutating func show(badMessages total: Int) {
        badMessages.increment(by: max(0, total - badMessagesSeen))
        badMessagesSeen = total
        for index in sockets.indices { sockets[index].sample() }
    }
}

/// One socket's statistics, as counters that grow by what has come since the last look.
private struct SocketMetrics {
    private let statistics: @Sendable () -> SocketStatistics
    private let received: Counter
    private let sent: Counter
    private let discarded: Counter
    private let oversized: Counter
    private let backlog: Meter
    private var last: SocketStatistics?

    init(_ name: String, _ factory: any MetricsFactory, _ statistics: @escaping @Sendable () -> SocketStatistics) {
        let dimensions = [("socket", name)]
        self.statistics = statistics
        received = Counter(label: MetricName.socketReceived.rawValue, dimensions: dimensions, factory: factory)
        sent = Counter(label: MetricName.socketSent.rawValue, dimensions: dimensions, factory: factory)
        discarded = Counter(label: MetricName.socketDiscarded.rawValue, dimensions: dimensions, factory: factory)
        oversized = Counter(label: MetricName.socketOversized.rawValue, dimensions: dimensions, factory: factory)
        backlog = Meter(label: MetricName.socketBacklog.rawValue, dimensions: dimensions, factory: factory)
    }

    mutating func sample() {
        let now = statistics()
        // One that was opened anew counts from zero.
        func growth(_ count: (SocketStatistics) -> Int) -> Int {
            let before = last.map(count) ?? 0
            return count(now) < before ? count(now) : count(now) - before
        }
        received.increment(by: growth(\.received))
        sent.increment(by: growth(\.sent))
        discarded.increment(by: growth(\.discarded))
        oversized.increment(by: growth(\.oversized))
        backlog.set(now.queued)
        last = now
    }
}
