/// Every metric of this program under the name that swift-metrics knows it by. Prometheus shows it with underscores,
/// counters with `_total`, timers with `_seconds`.
public enum MetricName: String, Sendable, CaseIterable {
    // The master's dispatcher
    case term = "runsurge.term"
    case leader = "runsurge.leader"
    case chunksReady = "runsurge.chunks.ready"
    case chunksLeased = "runsurge.chunks.leased"
    case driversWaiting = "runsurge.drivers.waiting"
    case unitsAssigned = "runsurge.units.assigned"
    case results = "runsurge.results"
    case attemptsLost = "runsurge.attempts.lost"
    case oldestLease = "runsurge.lease.oldest.seconds"
    case jobs = "runsurge.jobs"
    case jobsEnded = "runsurge.jobs.ended"
    case nodes = "runsurge.nodes"
    case slots = "runsurge.slots"
    case sessions = "runsurge.sessions"
    case heartbeats = "runsurge.heartbeats"
    case badMessages = "runsurge.messages.bad"

    // Its queues and its store
    case queue = "runsurge.queue.weight"
    case storeCommit = "runsurge.store.commit"
    case storeRows = "runsurge.store.batch.rows"

    // Its sockets
    case socketReceived = "runsurge.zeromq.received"
    case socketSent = "runsurge.zeromq.sent"
    case socketDiscarded = "runsurge.zeromq.discarded"
    case socketOversized = "runsurge.zeromq.oversized"
    case socketBacklog = "runsurge.zeromq.backlog"

    // The process
    case poolConnections = "runsurge.postgresql.connections"
    case poolWaiting = "runsurge.postgresql.waiting"
    case blobs = "runsurge.blobs"
    case blobBytes = "runsurge.blobs.bytes"
    case buildInformation = "runsurge.build.info"
    case residentBytes = "process.resident.memory.bytes"
    case cpuSeconds = "process.cpu.seconds"
    case openDescriptors = "process.open.fds"
    case maximumDescriptors = "process.max.fds"
    case startTime = "process.start.time.seconds"

    /// A line for the one who reads `/metrics`.
    public var help: String {
        switch self {
        case .term: "Term of this master, or of the last one it was."
        case .leader: "1 while this process leads, 0 while it does not."
        case .chunksReady: "Chunks that wait for a worker, by resource class."
        case .chunksLeased: "Chunks that a worker has."
        case .driversWaiting: "Scripts that wait for a worker, by resource class."
        case .unitsAssigned: "Chunks and drivers that were given to workers."
        case .results: "Results of chunks by what became of them: accepted, duplicate or stale."
        case .attemptsLost: "Attempts that ended without a result, by cause; expired: nobody renewed the lease."
        case .oldestLease: "Age of the oldest lease in force."
        case .jobs: "Unfinished jobs in the master's memory, by state."
        case .jobsEnded: "Jobs that have ended, by state."
        case .nodes: "Known nodes, by state."
        case .slots: "Slots of all attached workers."
        case .sessions: "Connections of attached workers."
        case .heartbeats: "Heartbeats of attached workers."
        case .badMessages: "Messages dropped because they were malformed, unauthorised or stale."
        case .queue: "What waits in the master's queues: store and reads in items, aggregator in bytes and items."
        case .storeCommit: "Time from the first attempt of a write to its commit."
        case .storeRows: "Rows of one write."
        case .socketReceived: "Messages received, by endpoint."
        case .socketSent: "Messages sent, by endpoint."
        case .socketDiscarded: "Messages that could not be sent: the peer was gone, or took nothing for too long."
        case .socketOversized: "Messages dropped for their size."
        case .socketBacklog: "Messages that wait to be sent."
        case .poolConnections: "Connections to PostgreSQL, by state."
        case .poolWaiting: "Tasks that wait for a connection to PostgreSQL."
        case .blobs: "Stored blobs."
        case .blobBytes: "Bytes of all stored blobs."
        case .buildInformation: "1, labelled with the version of this program."
        case .residentBytes: "Resident memory of this process."
        case .cpuSeconds: "User and system CPU time of this process."
        case .openDescriptors: "Open file descriptors of this process."
        case .maximumDescriptors: "Limit on open file descriptors of this process."
        case .startTime: "Start of this process since 1970-01-01 UTC."
        }
    }
}
