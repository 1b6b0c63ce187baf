import RunSurgeCore
import RunSurgeScheduling

/// A worker host: the agent's process, its sockets, its disk and its script processes.
final class Agent {
    struct Process {
        let job: JobID
        var memory: Int64
        var pipe: [WorkKey] = []
        var isDying = false
        var run = 0
    }

    struct Entry {
        let number: UInt64
        var report: Report
        var sentAt: Int64?
    }

    let index: Int
    let host: Scenario.Host
    var incarnation = 0
    var isUp = false
    var isApproved = true
    /// When it began to drain.
    var leavingSince: Int64?
    var stalledUntil: Int64 = 0
    var machine: WorkerMachine
    var session: SessionID = 0
    /// When it last took a message of a master.
    var lastHeard: Int64 = 0
    /// The master host that the present sockets go to.
    var endpoint = 0
    // When the last message on each way of the connection arrives: they don't overtake each other.
    var workFree: Int64 = 0
    var resultsFree: Int64 = 0
    var backFree: Int64 = 0

    /// What its master has told it that it has no right to.
    var refused: Set<LeaseToken> = []
    var contexts: Set<RegionID> = []
    var chunks: [WorkKey: (range: Range<Int64>, loop: Int)] = [:]
    var loops: [RegionID: Int] = [:]
    var processes: [WorkerProcessID: Process] = [:]
    var driverWork: [WorkKey: DriverDescription] = [:]
    var drivers: [WorkKey: DriverRun] = [:]
    /// How a process that is gone had ended.
    var endings: [WorkerProcessID: ChunkOutcome] = [:]

    var outbox: [WorkKey: Entry] = [:]
    var waiting: [WorkKey] = []
    var unspooled: [WorkKey] = []
    var lastNumber: UInt64 = 0
    /// Survives the agent.
    var spool: [UInt64: Report] = [:]
    var diskFullUntil: Int64 = 0
    var isCongested = false
    var runs = 0

    init(index: Int, host: Scenario.Host) {
        self.index = index
        self.host = host
        machine = WorkerMachine(settings: Scenario.worker(host), seed: UInt64(index))
    }

    /// Nobody tells an agent whose key was revoked that its work is over.
    var hasDrained: Bool { !isUp || !isApproved || machine.isEmpty }

    func time(_ now: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: (now + Int64(index + 1) * 1_000_000_000) * 1_000)
    }

    /// The agent's process ends, and everything that it had started.
    func end() {
        incarnation += 1
        isUp = false
        session = 0
        leavingSince = nil
        refused = []
        contexts = []
        chunks = [:]
        loops = [:]
        processes = [:]
        driverWork = [:]
        drivers = [:]
        endings = [:]
        outbox = [:]
        waiting = []
        unspooled = []
        isCongested = false
    }
}
