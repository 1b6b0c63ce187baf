internal import RunSurgeCore

/// How long the chunks of a region take, as a moving average, and how deep they are queued for it.
struct ChunkPace {
    private var average: [RegionID: Double] = [:]
    /// The region heard of last stands for what is assigned next.
    private var latest: RegionID?
    private static let regionLimit = 1_024

    mutating func note(_ region: RegionID, seconds: Double) {
        if average.count >= Self.regionLimit, average[region] == nil { average.removeAll(keepingCapacity: true) }
        let seconds = max(seconds, 1e-6)
        average[region] = average[region].map { $0 * 0.8 + seconds * 0.2 } ?? seconds
        latest = region
    }

    mutating func expect(_ region: RegionID) { latest = region }

    /// Chunks in a process's pipe, the running one included.
    func pipeDepth(of region: RegionID, _ settings: WorkerSettings) -> Int {
        guard let average = average[region], average < settings.pipeSeconds else { return 1 }
        return min(settings.prefetchLimit / 2, Self.roundedUp(settings.pipeSeconds / average) + 1)
    }

    /// Chunks that may wait for one slot beyond the running one.
    func prefetch(_ settings: WorkerSettings) -> Int {
        guard let latest, let average = average[latest] else { return 1 }
        if average >= settings.longChunkSeconds { return 0 }
        return min(
            settings.prefetchLimit,
            pipeDepth(of: latest, settings) - 1 + max(1, Self.roundedUp(settings.prefetchSeconds / average)))
    }

    private static func roundedUp(_ value: Double) -> Int { Int(min(value, 1e6).rounded(.up)) }
}
