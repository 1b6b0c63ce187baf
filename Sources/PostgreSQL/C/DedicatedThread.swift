import CLinux
import Glibc

/// Starts detached POSIX threads with every signal blocked, for work that blocks.
enum DedicatedThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// `name` is cut at 15 bytes, as the kernel keeps no more.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        // The new thread inherits the mask, so no signal can reach it before it could block them itself.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                runsurge_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        precondition(status == 0, "pthread_create failed: errno \(status); the process is at its thread limit")
        pthread_detach(thread)
    }
}
