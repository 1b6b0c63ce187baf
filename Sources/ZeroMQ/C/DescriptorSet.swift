internal import CLinux
internal import Glibc

/// Waits for any of thousands of descriptors on one thread, at the cost of those that are ready.
public final class DescriptorSet {
    private static let eventsAtOnce = 512
    private let poll: Int32

    public init() throws(ZeroMQError) {
        poll = epoll_create1(Int32(runsurge_epoll_close_on_exec))
        if poll == -1 { throw ZeroMQError(code: errno, function: "epoll_create1") }
    }

    deinit { close(poll) }

    /// `wait` names it by `number`.
    public func add(_ descriptor: Int32, number: Int) throws(ZeroMQError) {
        var event = epoll_event()
        event.events = runsurge_epoll_in
        event.data.u64 = UInt64(number)
        if epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == -1 {
            throw ZeroMQError(code: errno, function: "epoll_ctl")
        }
    }

    /// The numbers of those that are readable; none when the time is over, 0 or more.
    public func wait(milliseconds: Int) -> [Int] {
        var events = [epoll_event](repeating: epoll_event(), count: Self.eventsAtOnce)
        let count = epoll_wait(poll, &events, Int32(events.count), Int32(clamping: max(0, milliseconds)))
        return events.prefix(Int(max(0, count))).map { Int($0.data.u64) }
    }
}
