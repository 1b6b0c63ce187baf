internal import RunSurgeCore

/// One user's share: chunks are dealt to whoever has used the fewest memory-seconds.
struct UserEntry: Sendable {
    /// Byte-seconds.
    var usage: Double
    /// Jobs whose driver waits, and jobs with chunks that wait; each in the order of dealing.
    var drivers = RankedJobs()
    var chunks = RankedJobs()
    var jobs = 0

    var isWaiting: Bool { !drivers.isEmpty || !chunks.isEmpty }
}

/// Jobs in order of rank.
struct RankedJobs: Sendable {
    private(set) var ranks: [JobRank] = []

    var isEmpty: Bool { ranks.isEmpty }

    mutating func insert(_ rank: JobRank) {
        let position = position(of: rank)
        guard position == ranks.count || ranks[position] != rank else { return }
        ranks.insert(rank, at: position)
    }

    mutating func remove(_ rank: JobRank) {
        let position = position(of: rank)
        if position < ranks.count, ranks[position] == rank { ranks.remove(at: position) }
    }

    private func position(of rank: JobRank) -> Int {
        var low = 0
        var high = ranks.count
        while low < high {
            let middle = (low + high) / 2
            if ranks[middle] < rank { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
