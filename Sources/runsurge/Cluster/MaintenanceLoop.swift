import Logging
import RunSurgeMaster
import RunSurgeStore
import ServiceLifecycle

/// Where this process's master leads: keeps the database and the blobs small: puts away what ended jobs have left, removes what nobody needs.
struct MaintenanceLoop: Service {
    let store: Store
    let blobs: FileBlobStore
    let standing: MasterStanding
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var round = 0
            while true {
                try await Task.sleep(for: .seconds(60))
                guard case .leading = standing.role else { continue }
                await sweep(withBlobs: round % 10 == 0)
                round += 1
            }
        }
    }

    /// What fails is tried again in the next round.
    private func sweep(withBlobs: Bool) async {
        do {
            while try await store.abandonUploads() > 0 {}
            while try await store.sweep() > 0 {}
            while try await store.pruneEvents() > 0 {}
            let days = try await store.tidyNodeLog()
            if days > 0 { logger.info("old history of nodes dropped", metadata: ["days": "\(days)"]) }
            guard withBlobs else { return }
            let collected = try await store.collect(blobs)
            logger.info("blobs collected", metadata: ["collected": "\(collected)"])
        } catch {
            logger.warning("maintenance failed", metadata: ["error": "\(error)"])
        }
    }
}
