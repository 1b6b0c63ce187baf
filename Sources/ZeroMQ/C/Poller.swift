internal import CZeroMQ

/// The list of sockets and descriptors of one `zmq_poll`, rebuilt each time in the same storage.
struct Poller {
    enum Timeout {
        case immediate
        /// At least 0.
        case milliseconds(Int)
        case never
    }

    private var items: [zmq_pollitem_t] = []

    mutating func removeAll() { items.removeAll(keepingCapacity: true) }

    mutating func add(_ descriptor: EventDescriptor) {
        items.append(zmq_pollitem_t(socket: nil, fd: descriptor.number, events: Int16(ZMQ_POLLIN), revents: 0))
    }

    /// A socket neither read nor written is watched still: libzmq does its housekeeping when its events are asked for.
    mutating func add(_ socket: borrowing Socket, reading: Bool, writing: Bool) {
        let events = ZMQ_POLLERR | (reading ? ZMQ_POLLIN : 0) | (writing ? ZMQ_POLLOUT : 0)
        items.append(zmq_pollitem_t(socket: socket.handle, fd: 0, events: Int16(events), revents: 0))
    }

    /// Returns when something is ready, at the timeout, or early for no reason.
    mutating func wait(for timeout: Timeout) {
        let milliseconds =
            switch timeout {
            case .immediate: 0
            case .milliseconds(let count): max(count, 0)
            case .never: -1
            }
        guard zmq_poll(&items, Int32(items.count), milliseconds) == -1 else { return }
        // What it left in the results means nothing after a failure.
        for index in items.indices { items[index].revents = 0 }
        precondition(zmq_errno() == Errno.interrupted, "zmq_poll: \(Errno.text(zmq_errno()))")
    }

    func isReadable(at index: Int) -> Bool { Int32(items[index].revents) & ZMQ_POLLIN != 0 }
    func isWritable(at index: Int) -> Bool { Int32(items[index].revents) & ZMQ_POLLOUT != 0 }
}
