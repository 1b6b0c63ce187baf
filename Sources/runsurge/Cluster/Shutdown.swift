import Foundation
import UnixSignals

/// Waits for the request to end this process in order.
enum Shutdown {
    /// Returns after SIGINT or SIGTERM, or when the parent process has ended and `withParent` is set.
    static func requested(withParent: Bool) async {
        let parent = getppid()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
            if withParent {
                group.addTask {
                    while getppid() == parent, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(500)) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
