import CLinux
import Glibc

/// An eventfd: wakes a `poll` from any thread.
struct EventDescriptor: ~Copyable, Sendable {
    let descriptor: Int32

    init() {
        descriptor = runsurge_eventfd()
        precondition(descriptor >= 0, "eventfd failed: errno \(errno); the process is out of descriptors or memory")
    }

    deinit { close(descriptor) }

    borrowing func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    borrowing func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
