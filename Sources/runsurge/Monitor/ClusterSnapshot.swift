import RunSurgeProtocol

/// Everything that is known of a cluster at one moment: a line of `runsurge monitor --json`.
struct ClusterSnapshot: Encodable, Sendable {
    struct Queue: Encodable, Sendable {
        let pythonVersion: String
        let modules: [String]
        let memoryBytes: Int64
        let readyChunks: Int64
        let waitingDrivers: Int64
    }

    /// Of this process, since 1970-01-01 UTC.
    let time: Double
    /// nil until the first beacon.
    let term: Int64?
    /// Since the last beacon was heard; more than a few seconds: the master is away.
    let beaconAgeSeconds: Double?
    let missedBeacons: UInt64
    let takeovers: Int
    let nodesAlive: Int
    let nodesGone: Int
    let slots: Int64
    let busySlots: Int64
    let chunksPerSecond: Double?
    let readyChunks: Int64
    let leasedChunks: Int64
    let oldestLeaseSeconds: Double?
    let runningJobs: Int64
    let waitingJobs: Int64
    let chunksAccepted: UInt64
    let attemptsLost: UInt64
    let badMessages: UInt64
    let queues: [Queue]
    let nodes: [NodeSummary]

    /// - Parameters:
    ///   - now: seconds of the model's clock.
    ///   - time: seconds since 1970.
    init(_ model: ClusterModel, now: Double, time: Double) {
        let beacon = model.beacon ?? WireBeacon()
        let age = model.beaconHeard.map { max(0, now - $0) }
        let masterNow = age.map { Double(beacon.sentNanoseconds) + $0 * 1e9 }
        nodes = model.nodes.map { NodeSummary($0, masterNanoseconds: masterNow, now: now) }
        self.time = time
        term = model.beacon?.term
        beaconAgeSeconds = age
        missedBeacons = model.missedBeacons
        takeovers = model.takeovers
        nodesGone = nodes.count { $0.isGone }
        nodesAlive = nodes.count - nodesGone
        slots = nodes.reduce(0) { $0 + ($1.isGone ? 0 : $1.slots) }
        busySlots = nodes.reduce(0) { $0 + $1.busySlots }
        chunksPerSecond = model.rate.perSecond
        readyChunks = beacon.readyChunks
        leasedChunks = beacon.leasedChunks
        oldestLeaseSeconds =
            beacon.oldestLeaseMilliseconds > 0 ? Double(beacon.oldestLeaseMilliseconds) / 1e3 : nil
        runningJobs = beacon.runningJobs
        waitingJobs = beacon.waitingJobs
        chunksAccepted = beacon.chunksAccepted
        attemptsLost = beacon.attemptsLost
        badMessages = beacon.badMessages
        queues = beacon.queues.map {
            Queue(
                pythonVersion: $0.pythonVersion, modules: $0.modules, memoryBytes: $0.memoryBytes,
                readyChunks: $0.readyChunks, waitingDrivers: $0.waitingDrivers)
        }
    }
}

extension NodeSummary {
    var isGone: Bool { state == "dead" || state == "left" }
}
