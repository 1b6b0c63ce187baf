internal import RunSurgeCore
internal import Synchronization

/// Jobs that wait to be planned, for several planners.
final class PlanningDesk: Sendable {
    private struct State {
        var jobs = ArraySlice<Job>()
        /// Waiting or being planned.
        var known: Set<JobID> = []
        var planners: [UInt64: CheckedContinuation<Job?, Never>] = [:]
        var lastPlanner: UInt64 = 0
        /// Waits until few jobs wait.
        var supplier: CheckedContinuation<Void, Never>?
    }

    /// Jobs that wait when `waitForRoom` returns, so that no planner has to wait for the next.
    private static let fewJobs = 64

    private let state = Mutex(State())

    /// Those that wait or are being planned.
    var known: Set<JobID> { state.withLock { $0.known } }

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

    func finish(_ job: JobID) {
        let supplier = state.withLock { state in
            state.known.remove(job)
            return state.jobs.count <= Self.fewJobs ? state.supplier.take() : nil
        }
        supplier?.resume()
    }

    /// Returns when few jobs wait, or the task is cancelled. For one caller at a time.
    func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasRoom = state.withLock { state in
                    if state.jobs.count <= Self.fewJobs || Task.isCancelled { return true }
                    state.supplier = continuation
                    return false
                }
                if hasRoom { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.supplier.take() }?.resume()
        }
    }

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
