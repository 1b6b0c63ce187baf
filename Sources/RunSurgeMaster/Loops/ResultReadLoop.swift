internal import RunSurgeCore
internal import RunSurgeScheduling

/// Results that a driver needs and the dispatcher has no longer in memory.
struct ResultRead: Sendable {
    let region: RegionID
    let from: Int64
    let limit: Int
}

/// Reads results back from the store.
struct ResultReadLoop: Sendable {
    let store: any DispatchStore
    let queue: WorkQueue<ResultRead>
    let persistence: Persistence
    let dispatcher: Dispatcher

    func run() async throws {
        while let reads = await queue.next() {
            for read in reads {
                let outcomes = try await persistence.persist("results to read") {
                    try await store.results(of: read.region, from: read.from, limit: read.limit)
                }
                await dispatcher.handle([.resultsFetched(read.region, from: read.from, outcomes)])
            }
        }
    }
}
