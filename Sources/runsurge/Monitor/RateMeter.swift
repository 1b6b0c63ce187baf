/// How fast a counter grows, from what it was during the last seconds.
struct RateMeter: Sendable {
    /// Seconds looked back.
    private static let window = 10.0

    private var samples: [(time: Double, count: UInt64)] = []

    /// - Parameters:
    ///   - time: seconds of any monotonic clock.
    ///   - count: the counter; one that is smaller than before has begun anew.
    mutating func note(_ count: UInt64, at time: Double) {
        if let last = samples.last, count < last.count { samples = [] }
        samples.append((time, count))
        // One sample stays from before the window, so that it is covered.
        while samples.count > 2, samples[1].time <= time - Self.window { samples.removeFirst() }
    }

    /// A second; nil before there are two samples.
    var perSecond: Double? {
        guard let first = samples.first, let last = samples.last, last.time > first.time else { return nil }
        return Double(last.count - first.count) / (last.time - first.time)
    }
}
