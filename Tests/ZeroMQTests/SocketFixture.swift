import Testing
import ZeroMQ

/// A socket thread for one test, shut down at its end.
func withSockets(_ body: (SocketThread) async throws -> Void) async throws {
    let thread = try SocketThread(name: "test")
    do {
        try await body(thread)
    } catch {
        await thread.shutdown()
        throw error
    }
    await thread.shutdown()
}

/// Waits for a condition, with a deadline.
func eventually(
    _ what: String, within: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + within
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("\(what) did not happen within \(within)", sourceLocation: sourceLocation)
    throw DeadlineError()
}

struct DeadlineError: Error {}

/// What a socket had to throw away.
actor Discards {
    private(set) var all: [Discard] = []
    func add(_ discard: Discard) { all.append(discard) }

    nonisolated var handler: @Sendable (Discard) -> Void {
        { discard in Task { await self.add(discard) } }
    }
}

extension String {
    var frame: Frame { Array(utf8) }
}
