internal import Glibc
internal import Synchronization

/// The one thread that starts sandboxed processes.
///
/// Linux ends a process that is to die with its parent when the *thread* that started it ends, so that it must be a
/// thread that never does.
final class Spawner: Sendable {
    static let shared = Spawner()

    private struct Request: Sendable {
        let start: ChildStart
        let completion: @Sendable (Result<pid_t, SystemError>) -> Void
    }

    private struct State {
        var requests: [Request] = []
        var isStarted = false
    }

    private let state = Mutex(State())
    private let wakeup = BlockingSignal()

    /// Blocks for the few milliseconds that the start takes.
    func start(_ start: ChildStart) throws(SystemError) -> pid_t {
        let done = BlockingSignal()
        let outcome = Mutex<Result<pid_t, SystemError>?>(nil)
        let mustStart = state.withLock { state in
            state.requests.append(
                Request(start: start) { result in
                    outcome.withLock { $0 = result }
                    done.signal()
                })
            defer { state.isStarted = true }
            return !state.isStarted
        }
        if mustStart { try BackgroundThread.start(name: "rs-spawner") { [self] in run() } }
        wakeup.signal()
        done.wait()
        guard let result = outcome.withLock({ $0 }) else { throw SystemError("start", code: EINTR) }
        return try result.get()
    }

    private func run() {
        while true {
            wakeup.wait()
            let requests = state.withLock { state in
                defer { state.requests = [] }
                return state.requests
            }
            for request in requests {
                request.completion(Result { () throws(SystemError) in try request.start.start() })
            }
        }
    }
}

/// A counting semaphore for threads that may block.
final class BlockingSignal: Sendable {
    // Safe to share: a POSIX semaphore is made for it, and it keeps its address.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 {} }
}
