internal import RunSurgeCore

/// One user's share: work is dealt to whoever has used the fewest memory-seconds.
struct UserEntry: Sendable {
    /// Byte-seconds.
    var usage: Double
    /// Only those in which something waits.
    var queues: [QueueKey: UserQueue] = [:]
    var jobs = 0

    var isWaiting: Bool { !queues.isEmpty }

    mutating func change(_ key: QueueKey, _ change: (inout UserQueue) -> Void) {
        change(&queues[key, default: UserQueue()])
    }
}

/// What of one user waits in one queue.
struct UserQueue: Sendable {
    var drivers = SortedArray<WorkRank>()
    var chunks = SortedArray<WorkRank>()

    var isEmpty: Bool { drivers.isEmpty && chunks.isEmpty }
}

/// A user with work that waits, in the order of dealing.
struct UserTurn: Comparable, Sendable {
    let usage: Double
    let user: UserID

    static func < (left: Self, right: Self) -> Bool { (left.usage, left.user) < (right.usage, right.user) }
}
