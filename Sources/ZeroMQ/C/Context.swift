internal import CZeroMQ

/// A libzmq context. Each socket keeps it alive, so that its termination never waits for one; owned by one thread.
public final class Context {
    let handle: UnsafeMutableRawPointer

    /// `ioThreads` is 1 or more; one carries about a gigabyte a second. `sockets` is the most that may be open at once;
    /// nil: libzmq's own limit.
    public init(ioThreads: Int32 = 1, sockets: Int32? = nil) throws(ZeroMQError) {
        guard let handle = zmq_ctx_new() else { throw ZeroMQError(code: zmq_errno(), function: "zmq_ctx_new") }
        self.handle = handle
        try Errno.check(zmq_ctx_set(handle, ZMQ_IO_THREADS, ioThreads), "zmq_ctx_set", "io threads")
        if let sockets { try Errno.check(zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, sockets), "zmq_ctx_set", "sockets") }
        // New sockets linger 0 until told otherwise: termination must not wait for a peer.
        try Errno.check(zmq_ctx_set(handle, ZMQ_BLOCKY, 0), "zmq_ctx_set", "blocky")
    }

    deinit {
        while zmq_ctx_term(handle) == -1 && zmq_errno() == Errno.interrupted {}
    }
}
