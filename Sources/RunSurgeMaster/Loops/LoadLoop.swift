internal import Foundation
internal import RunSurgeCore
internal import RunSurgeScheduling

/// Brings planned and unfinished jobs to the dispatcher, takes cancelled ones away, and drains nodes. The only one that loads: what
/// another had read a while ago could be over by now.
struct LoadLoop: Sendable {
    let store: any DispatchStore
    let blobs: any BlobStore
    let wakeUps: WorkQueue<WakeUp>
    let persistence: Persistence
    let dispatcher: Dispatcher
    let jobsInMemory: Int

    /// Plans up to this size travel inside messages.
    private static let inlinePlanBytes = 64 << 10
    private static let jobsAtOnce = 256

    /// Ends when the queue of wake-ups does.
    func run() async throws {
        while await wakeUps.next() != nil {
            try await loadUnfinished()
            try await cancelJobs()
            try await drainNodes()
        }
    }

    /// The first load of a new master, before any worker is greeted.
    func loadUnfinished() async throws {
        while !Task.isCancelled {
            let known = await dispatcher.knownJobs
            guard known.count < jobsInMemory else { return }
            let jobs = try await persistence.persist("unfinished jobs") {
                try await store.unfinishedJobs(excluding: known, limit: Self.jobsAtOnce)
            }
            var loaded: [LoadedJob] = []
            for job in jobs { loaded.append(try await load(job)) }
            await dispatcher.load(loaded)
            if jobs.count < Self.jobsAtOnce { return }
        }
    }

    private func load(_ job: Job) async throws -> LoadedJob {
        let plan = job.plan ?? []
        let payload =
            plan.count <= Self.inlinePlanBytes
            ? Payload.inline(plan)
            : .blob(try await persistence.persist("plan's blob") { try await blobs.put(plan) })
        let hasRun = job.driverEpoch > 0
        let regions =
            hasRun ? try await persistence.persist("regions") { try await store.regions(of: job.id) } : []
        return LoadedJob(
            job: job, plan: payload, regions: regions,
            modules: Set(PlannedModules(plan).names.prefix(Limits.jobModules)))
    }

    private func drainNodes() async throws {
        await dispatcher.drain(
            try await persistence.persist("draining nodes") { try await store.drainingNodes() })
    }

    private func cancelJobs() async throws {
        let known = await dispatcher.loadedJobs
        guard !known.isEmpty else { return }
        await dispatcher.cancel(
            try await persistence.persist("cancelled jobs") { try await store.cancelledJobs(among: known) })
    }
}

/// Says that there may be jobs to load or to cancel.
struct WakeUp: Sendable {}

/// What a job's plan says of the modules that its workers should have. A plan that can't be read asks for none.
private struct PlannedModules: Decodable {
    let names: [String]

    private enum CodingKeys: String, CodingKey { case names = "foreign_modules" }

    init(_ plan: [UInt8]) {
        names = (try? JSONDecoder().decode(PlannedModules.self, from: Data(plan)).names) ?? []
    }
}
