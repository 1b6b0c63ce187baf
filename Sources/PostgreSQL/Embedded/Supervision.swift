import Glibc
import Logging
import Synchronization

/// Watches a server on its thread: starts it again when it crashed, ends it when it is told to.
final class Supervision: Sendable {
    private struct State {
        var process: ServerProcess?
        var isStopping = false
        var isStopped = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let launcher: ServerLauncher
    private let logger: Logger
    private let wake = EventDescriptor()
    private let state = Mutex(State())

    init(launcher: ServerLauncher, logger: Logger) {
        self.launcher = launcher
        self.logger = logger
    }

    var processIdentifier: Int32? { state.withLock { $0.process?.identifier } }

    func requestStop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
    }

    func stop() async {
        requestStop()
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.waiters.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    /// Returns when the server has been stopped. Blocks.
    func run(_ first: ServerProcess) {
        var process: ServerProcess? = first
        var pause: Int32 = 50
        while true {
            state.withLock { $0.process = process }
            if let running = process {
                let started = ContinuousClock.now
                guard let ending = waitForEnd(running) else { break }
                logger.error("the database server ended", metadata: ["ending": "\(ending)"])
                if ContinuousClock.now - started > .seconds(30) { pause = 50 }
            }
            state.withLock { $0.process = nil }
            waitForWake(milliseconds: pause)
            if isStopping { break }
            pause = min(pause * 2, 5_000)
            process = restart()
        }
        if let process { launcher.stop(process) }
        launcher.folder.unlock()
        let waiters = state.withLock { state in
            state.process = nil
            state.isStopped = true
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume() }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func restart() -> ServerProcess? {
        do throws(PostgreSQLError) {
            let process = try launcher.launch()
            logger.notice("the database server runs again", metadata: ["process": "\(process.identifier)"])
            return process
        } catch {
            logger.error("the database server does not start", metadata: ["error": "\(error.message)"])
            return nil
        }
    }

    /// nil: it runs and shall be stopped.
    private func waitForEnd(_ process: ServerProcess) -> ServerProcess.Ending? {
        let descriptor = process.endDescriptor()
        defer { if let descriptor { close(descriptor) } }
        while true {
            if let ending = process.poll() { return ending }
            if isStopping { return nil }
            // A kernel without process descriptors is asked now and then.
            waitForWake(milliseconds: descriptor == nil ? 200 : -1, orReadable: descriptor ?? -1)
        }
    }

    private func waitForWake(milliseconds: Int32, orReadable descriptor: Int32 = -1) {
        var descriptors = [
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&descriptors, 2, milliseconds) > 0, descriptors[0].revents != 0 { wake.drain() }
    }
}
