internal import Logging
internal import RunSurgeCore

/// Starts jobs whose files have come, and whose starter has died before it had started them.
struct UploadLoop: Sendable {
    let uploads: any UploadStore
    let starting: any JobStarting
    let persistence: Persistence
    let logger: Logger

    /// Whoever received the last piece is given this long.
    private static let idle = Duration.seconds(30)
    private static let interval = Duration.seconds(5)
    private static let jobsAtOnce = 16

    /// Runs until cancelled.
    func run() async throws {
        while true {
            let waiting = try await persistence.persist("uploads") {
                try await uploads.uploadsToStart(idle: Self.idle, limit: Self.jobsAtOnce)
            }
            for upload in waiting { try await start(upload) }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// What fails for another reason than the upload is tried again in the next round.
    private func start(_ upload: Upload) async throws {
        do {
            _ = try await starting.start(upload)
            logger.notice("a job was started for its uploader", metadata: ["job": "\(upload.job)"])
        } catch let error as CancellationError {
            throw error
        } catch let useless as UploadUseless {
            logger.notice("an upload is of no use", metadata: ["job": "\(upload.job)", "reason": "\(useless.reason)"])
        } catch {
            logger.warning("a job can't be started yet", metadata: ["job": "\(upload.job)", "error": "\(error)"])
        }
    }
}
