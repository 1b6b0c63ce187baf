import RunSurgeCore
import UnixSignals

/// Cancels a job when the user interrupts this process, and ends as the script would have.
enum CancelOnSignal {
    /// - Throws: `ScriptStatus` with 128 + the signal's number when one came before `body` had ended.
    static func watching<Value: Sendable>(
        _ job: JobID, on gateway: any JobGateway, _ body: @Sendable @escaping () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await signal in await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup) {
                    _ = try await gateway.cancel(job)
                    throw ScriptStatus(value: 128 + signal.rawValue)
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let value = ended { return value }
            }
            throw CancellationError()
        }
    }
}
