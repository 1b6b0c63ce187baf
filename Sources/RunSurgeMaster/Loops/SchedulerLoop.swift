internal import RunSurgeCore
internal import Synchronization

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
            let submitted = try await persistence.persist("submitted jobs") {
                try await store.submittedJobs(limit: Self.jobsAtOnce)
            }
            desk.add(submitted)
            wakeUps.append(WakeUp())
            try await persistence.persist("wake-up") { try await store.waitForWork(within: Self.pollInterval) }
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

/// Jobs that wait to be planned, for several planners.
private final class PlanningDesk: Sendable {
    private struct State {
        var jobs = ArraySlice<Job>()
        /// Waiting or being planned.
        var known: Set<JobID> = []
        var planners: [UInt64: CheckedContinuation<Job?, Never>] = [:]
        var lastPlanner: UInt64 = 0
    }

    private let state = Mutex(State())

    func add(_ jobs: [Job]) {
        let served = state.withLock { state -> [(CheckedContinuation<Job?, Never>, Job)] in
            for job in jobs where state.known.insert(job.id).inserted { state.jobs.append(job) }
            var served: [(CheckedContinuation<Job?, Never>, Job)] = []
            while let planner = state.planners.keys.first, let job = state.jobs.popFirst() {
                if let continuation = state.planners.removeValue(forKey: planner) { served.append((continuation, job)) }
            }
            return served
        }
        for (planner, job) in served { planner.resume(returning: job) }
    }

    func finish(_ job: JobID) { state.withLock { _ = $0.known.remove(job) } }

    /// nil when the task is cancelled.
    func next() async -> Job? {
        let number = state.withLock { state in
            state.lastPlanner += 1
            return state.lastPlanner
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let job = state.withLock { state -> Job?? in
                    if Task.isCancelled { return .some(nil) }
                    if let job = state.jobs.popFirst() { return job }
                    state.planners[number] = continuation
                    return nil
                }
                if let job { continuation.resume(returning: job) }
            }
        } onCancel: {
            state.withLock { $0.planners.removeValue(forKey: number) }?.resume(returning: nil)
        }
    }
}
