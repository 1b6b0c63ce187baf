internal import RunSurgeCore

/// Finds submitted jobs, has them planned, and wakes whoever loads.
struct SchedulerLoop: Sendable {
    let store: any DispatchStore
    let planner: JobPlanner
    let persistence: Persistence
    let wakeUps: WorkQueue<WakeUp>
    let analyses: Int

    private static let jobsAtOnce = 256
    private static let pollInterval = Duration.seconds(1)
    /// A store that wakes without reason must not make this loop spin.
    private static let shortestRound = Duration.milliseconds(2)

    /// Runs until cancelled. Throws `StoreError.fenced`.
    func run() async throws {
        let desk = PlanningDesk()
        try await withThrowingTaskGroup { group in
            for _ in 0..<analyses { group.addTask { try await plan(from: desk) } }
            group.addTask { try await poll(for: desk) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func poll(for desk: PlanningDesk) async throws {
        while !Task.isCancelled {
            let round = ContinuousClock.now
            let known = desk.known
            let submitted = try await persistence.persist("submitted jobs") {
                try await store.submittedJobs(excluding: known, limit: Self.jobsAtOnce)
            }
            desk.add(submitted)
            wakeUps.append(WakeUp())
            if submitted.count < Self.jobsAtOnce {
                try await persistence.persist("wake-up") { try await store.waitForWork(within: Self.pollInterval) }
            }
            // What else there is has time while these are planned.
            await desk.waitForRoom()
            // Between waking and looking, never between looking and waiting: that would miss a wake-up.
            try await Task.sleep(until: round + Self.shortestRound)
        }
    }

    private func plan(from desk: PlanningDesk) async throws {
        while let job = await desk.next() {
            try await planner.plan(job)
            desk.finish(job.id)
            wakeUps.append(WakeUp())
        }
    }
}
