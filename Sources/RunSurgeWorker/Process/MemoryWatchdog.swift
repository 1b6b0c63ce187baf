internal import Glibc
internal import Synchronization

/// Kills process trees that hold more memory than they may, where no control group does.
final class MemoryWatchdog: Sendable {
    static let shared = MemoryWatchdog()
    /// Microseconds.
    private static let interval: UInt32 = 20_000

    private struct State {
        var processes: [SandboxedProcess] = []
        var isStarted = false
    }

    private let state = Mutex(State())

    func watch(_ process: SandboxedProcess) {
        let mustStart = state.withLock { state in
            state.processes.append(process)
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard mustStart else { return }
        do {
            try BackgroundThread.start(name: "rs-memory") { [self] in run() }
        } catch {
            state.withLock { $0.isStarted = false }
        }
    }

    private func run() {
        while true {
            usleep(Self.interval)
            let processes = state.withLock { state in
                state.processes.removeAll(where: \.hasEnded)
                return state.processes
            }
            for process in processes where process.residentBytes > process.limit { process.killOverLimit() }
        }
    }
}
