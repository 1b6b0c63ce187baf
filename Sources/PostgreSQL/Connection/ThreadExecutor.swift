import DequeModule
import Glibc
import Synchronization

/// A serial executor on a thread of its own, where an actor may block. All signals are blocked on the thread.
///
/// While it is idle it can also watch one descriptor. The thread keeps the executor alive until `stop`.
final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs = Deque<UnownedJob>()
        var isStopped = false
        var watch: Watch?
    }

    private struct Watch: Sendable {
        let descriptor: Int32
        let onReadable: @Sendable () -> Void
    }

    private enum Step {
        case run(UnownedJob)
        case wait(Watch?)
        case stop
    }

    private let state = Mutex(State())
    private let wake = EventDescriptor()
    private let thread = Atomic<UInt>(0)

    init(name: String) {
        DedicatedThread.start(name: name) { [self] in loop() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    func checkIsolated() {
        precondition(thread.load(ordering: .relaxed) == UInt(pthread_self()), "not on the connection's thread")
    }

    /// Calls `onReadable` once on the thread when `descriptor` is readable and no job waits; nil watches nothing.
    func watch(_ descriptor: Int32?, onReadable: @escaping @Sendable () -> Void = {}) {
        state.withLock { $0.watch = descriptor.map { Watch(descriptor: $0, onReadable: onReadable) } }
        if thread.load(ordering: .relaxed) != UInt(pthread_self()) { wake.signal() }
    }

    /// Ends the thread after the jobs that are queued.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake.signal()
    }

    private func loop() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            switch nextStep() {
            case .run(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            case .wait(let watch): wait(watch)
            case .stop: return
            }
        }
    }

    private func nextStep() -> Step {
        state.withLock { state in
            if let job = state.jobs.popFirst() { return .run(job) }
            return state.isStopped ? .stop : .wait(state.watch)
        }
    }

    private func wait(_ watch: Watch?) {
        var descriptors = [
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watch?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),  // poll skips -1
        ]
        guard poll(&descriptors, 2, -1) > 0 else { return }
        if descriptors[0].revents != 0 { wake.drain() }
        guard let watch, descriptors[1].revents != 0 else { return }
        // Disarmed until the actor has read the descriptor, lest the loop spins.
        state.withLock { $0.watch = nil }
        watch.onReadable()
    }
}
