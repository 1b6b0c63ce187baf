internal import CZeroMQ

/// The result of one attempt to receive.
enum Received {
    case message(Message, bytes: Int)
    /// Read to its end and dropped. `first` is its first frame, when that one was within the bound.
    case oversized(first: Frame?, address: String?, frames: Int, bytes: Int)
    case nothing
}

extension Socket {
    /// Sends all frames or none, without blocking. Throws EAGAIN when no peer takes more, EHOSTUNREACH for a ROUTER's
    /// unknown peer, EINVAL for a message without frames.
    public func send(_ frames: [Frame]) throws(ZeroMQError) {
        if let error = trySend(frames) { throw error }
    }

    /// As `send`, with the error as a value: on the hot path EAGAIN is ordinary.
    func trySend(_ frames: [Frame]) -> ZeroMQError? {
        guard !frames.isEmpty else {
            return ZeroMQError(reason: .invalidArgument, code: Errno.invalid, function: "send", subject: "no frames")
        }
        for index in frames.indices {
            let flags = index == frames.count - 1 ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE
            // When a peer goes away in the middle, libzmq takes back what came before: the whole message can be resent.
            while frames[index].withUnsafeBytes({ zmq_send(handle, $0.baseAddress, $0.count, flags) }) == -1 {
                let code = zmq_errno()
                if code != Errno.interrupted { return ZeroMQError(code: code, function: "zmq_send") }
            }
        }
        return nil
    }

    /// Receives one message if there is one. Throws EMSGSIZE, with the message read off and dropped, over `limit`.
    public func receive(limit: MessageLimit) throws(ZeroMQError) -> Message? {
        switch receive(MessageBuffer(), limit: limit, readsUserID: false) {
        case .message(let message, _): return message
        case .nothing: return nil
        case .oversized(_, _, let frames, let bytes):
            throw ZeroMQError(code: Errno.messageSize, function: "receive", subject: "\(frames) frames, \(bytes) bytes")
        }
    }

    /// Receives one message through `buffer`, without blocking. The User-Id is that of the last frame: libzmq leaves it
    /// off a ROUTER's first one.
    func receive(_ buffer: borrowing MessageBuffer, limit: MessageLimit, readsUserID: Bool) -> Received {
        var frames: [Frame] = []
        frames.reserveCapacity(3)
        var count = 0
        var bytes = 0
        repeat {
            guard buffer.receive(from: self) else { return .nothing }
            count += 1
            bytes += buffer.count
            if count <= limit.frames && bytes <= limit.bytes {
                frames.append(buffer.frame)
            } else if count > 1 {
                // Keep what names the peer, free the rest while the remainder is read off.
                frames.removeLast(frames.count - min(frames.count, 1))
            }
        } while buffer.hasMore
        guard count <= limit.frames && bytes <= limit.bytes else {
            return .oversized(first: frames.first, address: buffer.peerAddress, frames: count, bytes: bytes)
        }
        return .message(Message(frames, userID: readsUserID ? buffer.userID : nil), bytes: bytes)
    }
}
