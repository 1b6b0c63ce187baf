internal import RunSurgeCore

/// A full disk on the master's side passes: what is done already is worth waiting for.
enum StoragePatience {
    private static let limit: Duration = .seconds(600)
    private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(2))

    /// Repeats what stores something until there is room for it, nobody wants it any more, or it took too long.
    /// - Throws: what `body` throws; `BlobError.storageFull` at the end of the patience.
    static func put<Value: Sendable>(
        while isWanted: @Sendable () async -> Bool, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + limit
        var pause = pauses.first
        while true {
            do {
                return try await body()
            } catch BlobError.storageFull {
                guard ContinuousClock.now < deadline, await isWanted() else { throw BlobError.storageFull }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, pauses.longest)
        }
    }
}
