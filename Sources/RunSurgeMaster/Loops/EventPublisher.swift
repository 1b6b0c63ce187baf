internal import Foundation
internal import RunSurgeCore
internal import RunSurgeProtocol
internal import RunSurgeScheduling
internal import ZeroMQ

/// Publishes on the events endpoint. Events are advisory: one that can't be sent is dropped, and one that nobody has
/// subscribed to is not even made.
struct EventPublisher: Sendable {
    let socket: EventsEndpoint
    let subscriptions = Subscriptions()

    func publish(job: JobID, state: JobState, chunks: Int64, done: Int64) {
        guard subscriptions.wants("job/") else { return }
        var event = WireJobEvent()
        event.jobID = job.rawValue
        event.state = state.rawValue
        event.chunksTotal = chunks
        event.chunksDone = done
        event.sentNanoseconds = Self.wallNanoseconds
        publish("job/\(job)", try? FrameCodec.encode(event))
    }

    func publish(_ beacon: Beacon) {
        var wire = WireBeacon()
        let counts = beacon.counts
        wire.term = beacon.term
        wire.sentNanoseconds = Self.wallNanoseconds
        wire.sequence = beacon.sequence
        wire.nodes = UInt32(clamping: counts.nodes)
        wire.slots = UInt32(clamping: counts.slots)
        wire.readyChunks = counts.readyChunks
        wire.leasedChunks = counts.leasedChunks
        wire.runningJobs = counts.runningJobs
        wire.waitingJobs = counts.waitingJobs
        wire.oldestLeaseMilliseconds = beacon.oldestLease?.positiveMilliseconds ?? 0
        wire.chunksAccepted = counts.chunksAccepted
        wire.attemptsLost = counts.attemptsLost
        wire.badMessages = UInt64(clamping: beacon.badMessages)
        wire.queues = counts.queues.prefix(Self.queuesTold).map(WireQueueDepth.init)
        publish("beacon", try? FrameCodec.encode(wire))
    }

    /// Resource classes in one beacon; there are seldom more than a few.
    private static let queuesTold = 1_000

    func publish(_ node: KnownNode) {
        guard subscriptions.wants("node-state/") else { return }
        publish("node-state/\(node.status.node)", try? FrameCodec.encode(WireNodeState(node)))
    }

    func relay(_ heartbeat: Frame, node: Int64) {
        guard subscriptions.wants("node/") else { return }
        publish("node/\(node)", heartbeat)
    }

    private func publish(_ topic: String, _ message: Frame?) {
        guard let message else { return }
        try? socket.send([Array(topic.utf8), message])
    }

    static var wallNanoseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1e9) }
    static var wall: Timestamp { Timestamp(microseconds: wallNanoseconds / 1_000) }
}

/// What the master says of itself once a second.
struct Beacon: Sendable {
    let term: Int64
    let sequence: UInt64
    let counts: DispatchCounts
    let oldestLease: Duration?
    let badMessages: Int
}

extension WireQueueDepth {
    fileprivate init(_ depth: QueueDepth) {
        self.init()
        pythonVersion = depth.pythonVersion
        modules = depth.modules
        memoryBytes = depth.memory
        readyChunks = depth.readyChunks
        waitingDrivers = depth.waitingDrivers
    }
}

extension WireNodeState {
    fileprivate init(_ node: KnownNode) {
        self.init()
        nodeID = node.status.node.rawValue
        nodeName = node.name
        sinceNanoseconds = node.since.microseconds * 1_000
        slots = UInt32(clamping: node.status.slots)
        memoryBytes = node.status.memory
        leases = UInt32(clamping: node.status.leases)
        oldestLeaseMilliseconds = node.status.oldestLease?.positiveMilliseconds ?? 0
        state =
            switch node.status.state {
            case .attached: .attached
            case .unreachable: .unreachable
            case .draining: .draining
            case .dead: .dead
            case .left: .left
            }
    }
}

extension Duration {
    /// At least 1, for 0 says that there is none.
    fileprivate var positiveMilliseconds: Int64 { max(1, wholeMilliseconds) }
}
