internal import Logging
internal import RunSurgeCore

/// Repeats a write until the store has it: PostgreSQL may restart under a running master.
struct Persistence: Sendable {
    let logger: Logger
    private static let backoff = (first: Duration.milliseconds(50), longest: Duration.seconds(2))
    /// A store that is away is mentioned at once and then this often.
    private static let mentionEvery = 10

    /// - Throws: `StoreError` (fenced, inconsistent, conflict), which repeating would not change; `CancellationError`.
    func persist<Value: Sendable>(
        _ what: StaticString, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        var wait = Self.backoff.first
        var failures = 0
        while true {
            do {
                let value = try await body()
                if failures > 0 { logger.info("the store is back", metadata: ["write": "\(what)"]) }
                return value
            } catch let error as StoreError {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                if failures % Self.mentionEvery == 0 {
                    logger.warning(
                        "the store failed, trying again", metadata: ["write": "\(what)", "error": "\(error)"])
                }
                failures += 1
            }
            try await Task.sleep(for: wait)
            wait = min(wait * 2, Self.backoff.longest)
        }
    }
}
