import RunSurgeProtocol

/// One node with what its workers and the master say of it, added up.
struct NodeSummary: Encodable, Sendable {
    struct Running: Encodable, Sendable {
        let jobId: Int64
        /// nil: the script itself.
        let regionId: Int64?
        let chunkIndex: Int64?
        let seconds: Double
        let residentBytes: Int64
    }

    let nodeId: Int64
    let name: String
    /// attached, unreachable, draining, dead or left; "unknown" until the master has told.
    let state: String
    /// Since it is in this state.
    let stateSeconds: Double?
    let slots: Int64
    let busySlots: Int64
    let waitingDrivers: Int64
    let queuedChunks: Int64
    let memoryBytes: Int64
    let memoryUsedBytes: Int64
    let loadAverage: Double
    let cpuSeconds: Double
    let pythonVersion: String
    let chunksPerSecond: Double?
    let chunksCompleted: UInt64
    let chunksFailed: UInt64
    let resultsUnacknowledged: UInt64
    let leases: Int64
    let oldestLeaseSeconds: Double?
    /// Since its last heartbeat; nil: none was heard.
    let heartbeatAgeSeconds: Double?
    let running: [Running]

    /// - Parameters:
    ///   - masterNanoseconds: wall-clock time of the master now; nil: unknown.
    ///   - now: seconds of the model's clock.
    init(_ node: ClusterModel.Node, masterNanoseconds: Double?, now: Double) {
        let agents = node.agents.values.sorted { $0.heartbeat.session < $1.heartbeat.session }
        let beats = agents.map(\.heartbeat)
        func sum<Value: FixedWidthInteger>(_ value: (WireHeartbeat) -> Value) -> Value {
            beats.reduce(0) { $0 &+ value($1) }
        }
        nodeId = node.id
        name = node.name
        let told = node.state
        let isDraining = told?.state == .attached && !beats.isEmpty && beats.allSatisfy(\.draining)
        state = isDraining ? "draining" : told?.state.word ?? "unknown"
        stateSeconds = told.flatMap { told in
            masterNanoseconds.map { max(0, ($0 - Double(told.sinceNanoseconds)) / 1e9) }
        }
        slots = beats.isEmpty ? Int64(told?.slots ?? 0) : sum { Int64($0.slots) }
        busySlots = sum { Int64($0.busySlots) }
        waitingDrivers = sum { Int64($0.waitingDrivers) }
        queuedChunks = sum { Int64($0.queuedChunks) }
        memoryBytes = beats.isEmpty ? told?.memoryBytes ?? 0 : sum(\.memoryBytes)
        memoryUsedBytes = sum(\.memoryUsedBytes)
        // Whatever a worker says of itself must be a number that JSON can hold.
        loadAverage = beats.map(\.loadAverage).filter(\.isFinite).max() ?? 0
        cpuSeconds = beats.map(\.cpuSeconds).filter(\.isFinite).reduce(0) { min($0 + $1, 1e15) }
        pythonVersion = Set(beats.map(\.pythonVersion)).sorted().joined(separator: ", ")
        let rates = agents.compactMap(\.rate.perSecond)
        chunksPerSecond = rates.isEmpty ? nil : rates.reduce(0, +)
        chunksCompleted = sum(\.chunksCompleted)
        chunksFailed = sum(\.chunksFailed)
        resultsUnacknowledged = sum(\.resultsUnacknowledged)
        leases = Int64(told?.leases ?? 0)
        oldestLeaseSeconds = told.flatMap { told in
            told.oldestLeaseMilliseconds > 0 ? Double(told.oldestLeaseMilliseconds) / 1e3 : nil
        }
        heartbeatAgeSeconds = agents.map(\.heard).max().map { max(0, now - $0) }
        running = beats.flatMap(\.running).map(Running.init).sorted {
            ($0.jobId, $0.regionId ?? 0, $0.chunkIndex ?? 0) < ($1.jobId, $1.regionId ?? 0, $1.chunkIndex ?? 0)
        }
    }
}

extension NodeSummary.Running {
    fileprivate init(_ wire: WireRunning) {
        jobId = wire.jobID
        regionId = wire.regionID == 0 ? nil : wire.regionID
        chunkIndex = wire.regionID == 0 ? nil : wire.chunkIndex
        seconds = Double(wire.runningMilliseconds) / 1e3
        residentBytes = wire.residentBytes
    }
}

extension WireNodeState.State {
    fileprivate var word: String {
        switch self {
        case .attached: "attached"
        case .unreachable: "unreachable"
        case .dead: "dead"
        case .left: "left"
        case .draining: "draining"
        case .unspecified, .UNRECOGNIZED: "unknown"
        }
    }
}
