internal import Dispatch
internal import RunSurgeCore

/// Runs blocking file work away from the cooperative pool.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "runsurge.worker.files", attributes: .concurrent)
    /// Threads that may block at once; more work waits in line.
    private static let limit = AsyncLimit(8)

    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await limit.runToEnd {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try body() }) }
            }
        }
    }
}
