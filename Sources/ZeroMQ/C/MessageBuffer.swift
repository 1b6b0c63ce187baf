internal import CZeroMQ

/// One `zmq_msg_t`, used again for every frame received on a thread.
struct MessageBuffer: ~Copyable {
    private let message: UnsafeMutablePointer<zmq_msg_t>

    init() {
        message = .allocate(capacity: 1)
        zmq_msg_init(message)
    }

    deinit {
        zmq_msg_close(message)
        message.deallocate()
    }

    /// False when there is nothing to receive; replaces the frame held.
    func receive(from socket: borrowing Socket) -> Bool {
        while zmq_msg_recv(message, socket.handle, ZMQ_DONTWAIT) == -1 {
            if zmq_errno() != Errno.interrupted { return false }
        }
        return true
    }

    /// In bytes.
    var count: Int { zmq_msg_size(message) }
    var hasMore: Bool { zmq_msg_more(message) != 0 }
    /// A copy of the bytes.
    var frame: Frame { Frame(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: count)) }
    var userID: String? { property("User-Id") }
    var peerAddress: String? { property("Peer-Address") }

    private func property(_ name: String) -> String? { zmq_msg_gets(message, name).map { String(cString: $0) } }
}
