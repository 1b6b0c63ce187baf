internal import CLinux
internal import Glibc

/// An eventfd: any thread signals, one polls and drains. Closes with its last owner.
final class EventDescriptor: Sendable {
    let number: Int32

    init() throws(ZeroMQError) {
        number = runsurge_eventfd()
        if number == -1 { throw ZeroMQError(code: errno, function: "eventfd") }
    }

    deinit { close(number) }

    func signal() { write(1) }

    func drain() {
        var count: eventfd_t = 0
        eventfd_read(number, &count)
    }

    private func write(_ count: eventfd_t) {
        // A counter at its maximum refuses, and has then woken the reader already.
        eventfd_write(number, count)
    }
}
