internal import CZeroMQ

extension Socket {
    /// A descriptor that becomes readable when the socket may have changed, for whoever waits for many sockets at once
    /// (ZMQ_FD). Edge-triggered: at first, after it fired, and after every send, receive until there is nothing.
    public var descriptor: Int32 {
        get throws(ZeroMQError) {
            var number: Int32 = -1
            var size = MemoryLayout<Int32>.size
            try Errno.check(zmq_getsockopt(handle, ZMQ_FD, &number, &size), "zmq_getsockopt", "descriptor")
            return number
        }
    }

    /// Blocks the thread until there is a message to receive, or for so long; 0 or more.
    public func waitUntilReadable(milliseconds: Int) {
        var item = zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        zmq_poll(&item, 1, max(0, milliseconds))
    }
}
