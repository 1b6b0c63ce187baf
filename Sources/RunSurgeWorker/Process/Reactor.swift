internal import CLinux
internal import Glibc
internal import Synchronization

/// One thread that waits for the descriptors of many processes and calls back when one is ready.
///
/// Callbacks run on the thread, one at a time; they must not block. The thread ends with the process: an agent has
/// two of these for its whole life.
final class Reactor: Sendable {
    /// What became possible.
    struct Readiness: OptionSet {
        let rawValue: UInt32
        static let reading = Readiness(rawValue: 1)
        static let writing = Readiness(rawValue: 2)
        /// The other end is gone; reading tells the rest.
        static let ended = Readiness(rawValue: 4)
    }

    /// Names a watched descriptor; the number of a descriptor alone may be in use again already.
    struct Ticket: Hashable, Sendable {
        fileprivate let value: UInt64
    }

    typealias Handler = @Sendable (Readiness) -> Void

    private struct State {
        var last: UInt64 = 0
        var handlers: [UInt64: Handler] = [:]
    }

    private let poll: Int32
    private let state = Mutex(State())

    init(name: StaticString) throws(SystemError) {
        poll = epoll_create1(Int32(runsurge_epoll_close_on_exec))
        guard poll >= 0 else { throw SystemError("epoll_create1") }
        try BackgroundThread.start(name: name) { [self] in run() }
    }

    func watch(_ descriptor: Int32, _ interest: Readiness, _ handler: @escaping Handler) throws(SystemError) -> Ticket {
        let id = state.withLock { state in
            state.last += 1
            state.handlers[state.last] = handler
            return state.last
        }
        guard control(EPOLL_CTL_ADD, descriptor, interest, id) else {
            let error = SystemError("epoll_ctl")
            state.withLock { $0.handlers[id] = nil }
            throw error
        }
        return Ticket(value: id)
    }

    func change(_ ticket: Ticket, of descriptor: Int32, to interest: Readiness) {
        _ = control(EPOLL_CTL_MOD, descriptor, interest, ticket.value)
    }

    /// Before the descriptor is closed. A callback that is running goes on; none begins after it.
    func forget(_ ticket: Ticket, of descriptor: Int32) {
        _ = control(EPOLL_CTL_DEL, descriptor, [], ticket.value)
        state.withLock { $0.handlers[ticket.value] = nil }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ id: UInt64) -> Bool {
        var event = epoll_event()
        if interest.contains(.reading) { event.events |= runsurge_epoll_in }
        if interest.contains(.writing) { event.events |= runsurge_epoll_out }
        event.data.u64 = id
        return epoll_ctl(poll, operation, descriptor, &event) == 0
    }

    private func run() {
        let capacity = 64
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        events.initialize(repeating: epoll_event(), count: capacity)
        while true {
            let count = epoll_wait(poll, events, Int32(capacity), -1)
            for index in 0..<Int(max(0, count)) {
                let event = events[index]
                guard let handler = state.withLock({ $0.handlers[event.data.u64] }) else { continue }
                var readiness: Readiness = []
                if event.events & runsurge_epoll_in != 0 { readiness.insert(.reading) }
                if event.events & runsurge_epoll_out != 0 { readiness.insert(.writing) }
                if event.events & runsurge_epoll_ended != 0 { readiness.insert(.ended) }
                handler(readiness)
            }
        }
    }
}
