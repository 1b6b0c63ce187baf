internal import Logging
internal import RunSurgeAnalysis
internal import RunSurgeCore

/// Turns submitted jobs into planned ones.
struct JobPlanner: Sendable {
    let store: any DispatchStore
    let maker: PlanMaker
    let term: Int64
    let persistence: Persistence
    let logger: Logger

    /// Stores the job's plan. Throws `StoreError.fenced`, `CancellationError`.
    func plan(_ job: Job) async throws {
        let plan = try await maker.plan(job.specification)
        do {
            try await persistence.persist("plan") { try await store.storePlan(plan, job: job.id, term: term) }
        } catch let error as StoreError {
            if case .fenced = error { throw error }
            logger.error("a plan can't be stored", metadata: ["job": "\(job.id)", "error": "\(error)"])
            let reduced = try PlanMaker.encode(Plan(wholeScriptReason: "its plan can't be stored"))
            try await persistence.persist("plan") { try await store.storePlan(reduced, job: job.id, term: term) }
        }
    }
}
