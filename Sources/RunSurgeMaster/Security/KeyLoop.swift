internal import Logging
internal import RunSurgeCore

/// Keeps the admitted keys as the store has them: sends away whose key was revoked, and tells workers of the keys of
/// all masters, so that they know one that takes over.
struct KeyLoop: Sendable {
    let store: any EnrolmentStore
    let keys: AdmittedKeys
    let dispatcher: Dispatcher
    let events: EventsEndpoint
    let passes: BlobPasses
    let logger: Logger

    /// A lost wake-up costs no more than this.
    private static let poll = Duration.seconds(5)
    /// Strangers can't make the store be read more often.
    private static let pause = Duration.milliseconds(100)

    /// Runs until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup { group in
            let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            wake.yield()
            group.addTask {
                while true {
                    try await store.waitForKeyChange(within: Self.poll)
                    wake.yield()
                }
            }
            group.addTask { for await _ in keys.unknownKeyCame { wake.yield() } }
            group.addTask {
                for await _ in wakes {
                    await refresh()
                    try await Task.sleep(for: Self.pause)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// While the store is away, who was let in stays so.
    private func refresh() async {
        let load = keys.beginLoad()
        let (valid, serverKeys): ([NodeKey], [[UInt8]])
        do {
            (valid, serverKeys) = (try await store.validKeys(), try await store.serverKeys())
        } catch {
            return logger.warning("the keys can't be read", metadata: ["error": "\(error)"])
        }
        await dispatcher.tell(serverKeys)
        let revoked = keys.replace(valid, load: load)
        guard !revoked.isEmpty else { return }
        logger.notice("keys were revoked", metadata: ["keys": "\(revoked.map(\.userID).sorted())"])
        passes.revoke(revoked)
        await dispatcher.revoke(revoked)
        events.sendEverybodyAway()
    }
}
