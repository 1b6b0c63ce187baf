import Hummingbird
import RunSurgeCore

/// Counts over the whole system, for everybody.
struct StatisticsRoutes: Sendable {
    private let figures: RecentFigures

    init(usage: any UsageStore) { figures = RecentFigures(usage: usage) }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .get, "/api/statistics", id: "statistics", .usage, "Counts over the whole system, seconds old.",
                answers: [.json(StatisticsView.self, "The figures.")],
                .anyone { _ in try JSONBody.response(StatisticsView(try await figures.current())) })
        ]
    }
}

/// Counting takes a look at all rows, so many who ask at once share one look.
private actor RecentFigures {
    private static let life = Duration.seconds(5)

    private let usage: any UsageStore
    private var last: (figures: Statistics, at: ContinuousClock.Instant)?
    private var counting: Task<Statistics, any Error>?

    init(usage: any UsageStore) { self.usage = usage }

    func current() async throws -> Statistics {
        if let last, ContinuousClock.now - last.at < Self.life { return last.figures }
        if let counting { return try await counting.value }
        let counting = Task { [usage] in try await usage.statistics() }
        self.counting = counting
        defer { self.counting = nil }
        let figures = try await counting.value
        last = (figures, .now)
        return figures
    }
}
