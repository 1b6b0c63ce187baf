/// What the worker machine is told once.
public struct WorkerSettings: Sendable {
    /// Processes that may compute at once, at least 1.
    public var slots: Int
    /// Bytes that all slots together may use.
    public var memoryBytes: Int64
    /// A warm process without work is ended after this.
    public var idleProcessLife: Duration = .seconds(30)
    /// Longest time between two renewals, whatever the lease.
    public var renewalInterval: Duration = .seconds(5)
    /// Without a sign of life from the master for this long, the link is given up.
    public var silenceLimit: Duration = .seconds(6)
    /// Time between two greetings of a master that does not answer.
    public var greetingInterval: Duration = .seconds(1)
    /// Greetings that go unanswered before the sockets are opened anew.
    public var greetingAttempts = 10
    /// First and longest wait before reconnecting; it doubles in between and is jittered by half.
    public var backoff: (first: Duration, longest: Duration) = (.milliseconds(100), .seconds(5))
    /// A chunk that has run for this long is reported as begun; most are over before.
    public var startReport: Duration = .milliseconds(100)
    /// Seconds of work kept in a process's pipe, so that it never runs dry while the agent is busy.
    public var pipeSeconds = 0.03
    /// Seconds of work that wait at the agent beyond the pipes.
    public var prefetchSeconds = 0.06
    /// Chunks that may wait for one slot, at the agent and in its pipe together.
    public var prefetchLimit = 512
    /// Chunks that take longer are not prefetched: a slot elsewhere may be free sooner.
    public var longChunkSeconds = 1.0

    public init(slots: Int, memoryBytes: Int64) {
        precondition(slots > 0 && memoryBytes > 0, "a worker has at least one slot and some memory")
        self.slots = slots
        self.memoryBytes = memoryBytes
    }

    /// The limit of a process whose work names none.
    var slotMemory: Int64 { memoryBytes / Int64(slots) }
}
