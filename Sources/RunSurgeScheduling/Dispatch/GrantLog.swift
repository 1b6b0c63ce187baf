internal import RunSurgeCore

/// When the leases that one session holds were granted, oldest first.
struct GrantLog: Sendable {
    private var grants: [(key: WorkKey, time: MonotonicTime)] = []
    private var head = 0

    /// What a worker brings along from an earlier session is older than the rest.
    mutating func add(_ key: WorkKey, _ time: MonotonicTime) {
        var position = grants.count
        while position > head, grants[position - 1].time > time { position -= 1 }
        grants.insert((key, time), at: position)
    }

    /// Forgets what is no longer held. Cost: constant a grant, over time.
    mutating func trim(_ held: [WorkKey: MonotonicTime]) {
        while head < grants.count, held[grants[head].key] != grants[head].time { head += 1 }
        if head == grants.count {
            grants.removeAll(keepingCapacity: true)
            head = 0
        } else if grants.count > 64, grants.count > 4 * held.count {
            grants = grants[head...].filter { held[$0.key] == $0.time }
            head = 0
        }
    }

    var oldest: MonotonicTime? { head < grants.count ? grants[head].time : nil }
}
