internal import RunSurgeCore

/// What a job's work asks of a worker, beyond memory.
struct WorkTraits: Hashable, Sendable {
    /// nil while any will do.
    let pythonVersion: String?
    let modules: Set<String>
}

/// A queue of work that the same workers can take.
struct QueueKey: Hashable, Comparable, Sendable {
    /// Number of the `WorkTraits`.
    let traits: Int
    /// Up to 2 to the power of it bytes.
    let step: Int

    init(traits: Int, memory: Int64) {
        self.traits = traits
        step = memory <= 1 ? 0 : Int64.bitWidth - (memory - 1).leadingZeroBitCount
    }

    /// The least that is filed here, in bytes.
    var leastMemory: Int64 { step == 0 ? 0 : (1 << (step - 1)) + 1 }
    var mostMemory: Int64 { step >= 63 ? .max : 1 << step }

    static func < (left: Self, right: Self) -> Bool { (left.traits, left.step) < (right.traits, right.step) }
}

/// A driver, or a region with chunks, in the order of dealing within one user: larger priority first, then older job.
struct WorkRank: Hashable, Comparable, Sendable {
    let negatedPriority: Int
    let job: JobID
    /// nil: the driver, which goes first.
    let region: RegionID?

    static func < (left: Self, right: Self) -> Bool {
        (left.negatedPriority, left.job.rawValue, left.region?.rawValue ?? 0)
            < (right.negatedPriority, right.job.rawValue, right.region?.rawValue ?? 0)
    }
}

/// How much of one queue waits.
struct QueueTotals: Sendable {
    var chunks: Int64 = 0
    var drivers: Int64 = 0
    var isEmpty: Bool { chunks == 0 && drivers == 0 }
}
