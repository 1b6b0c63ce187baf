internal import CLinux
internal import Glibc

/// A POSIX thread with all signals blocked.
struct NativeThread: Sendable {
    private let id: pthread_t

    /// Starts it. `name` is cut to 15 bytes.
    init(name: String, body: sending @escaping () -> Void) throws(ZeroMQError) {
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        // Blocked before it exists, and inherited by it: no signal finds it with another mask.
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var id = pthread_t()
        let code = pthread_create(
            &id, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw ZeroMQError(code: code, function: "pthread_create", subject: name)
        }
        self.id = id
    }

    /// Waits for its end. Once, and not after `detach`.
    func join() { pthread_join(id, nil) }

    /// Lets it end by itself. Once, and not after `join`.
    func detach() { pthread_detach(id) }

    private final class Start {
        private let name: String
        private let body: () -> Void

        init(name: String, body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            runsurge_name_thread(name)
            body()
        }
    }
}
