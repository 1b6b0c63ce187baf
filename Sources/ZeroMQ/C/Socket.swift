internal import CZeroMQ

/// A libzmq socket, for the thread that made it. Closes when it goes out of scope.
public struct Socket: ~Copyable {
    let handle: UnsafeMutableRawPointer
    public let kind: SocketKind
    private let context: Context

    /// Throws EMFILE when the context's or the process's limit is reached.
    public init(_ context: Context, _ kind: SocketKind) throws(ZeroMQError) {
        guard let handle = zmq_socket(context.handle, kind.number) else {
            throw ZeroMQError(code: zmq_errno(), function: "zmq_socket", subject: "\(kind)")
        }
        self.handle = handle
        self.kind = kind
        self.context = context
    }

    deinit {
        // Whatever the options say: nothing may hold up the context's termination.
        var linger: Int32 = 0
        zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
        zmq_close(handle)
    }

    /// Binds; the endpoint's real name, with the port in place of a wildcard.
    public func bind(_ endpoint: String) throws(ZeroMQError) -> String {
        try Errno.check(zmq_bind(handle, endpoint), "zmq_bind", endpoint)
        return try lastEndpoint
    }

    /// `endpoint` is the real name that `bind` returned.
    public func unbind(_ endpoint: String) throws(ZeroMQError) {
        try Errno.check(zmq_unbind(handle, endpoint), "zmq_unbind", endpoint)
    }

    /// Starts to connect; that the peer can't be reached is no error.
    public func connect(_ endpoint: String) throws(ZeroMQError) {
        try Errno.check(zmq_connect(handle, endpoint), "zmq_connect", endpoint)
    }

    public func disconnect(_ endpoint: String) throws(ZeroMQError) {
        try Errno.check(zmq_disconnect(handle, endpoint), "zmq_disconnect", endpoint)
    }

    /// The real name of the endpoint last bound or connected.
    public var lastEndpoint: String {
        get throws(ZeroMQError) {
            var size = 1_024
            var bytes = [UInt8](repeating: 0, count: size)
            try Errno.check(
                zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &size), "zmq_getsockopt", "last endpoint")
            return String(decoding: bytes.prefix(max(size - 1, 0)), as: UTF8.self)
        }
    }
}

extension SocketKind {
    fileprivate var number: Int32 {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        case .pub: ZMQ_PUB
        case .sub: ZMQ_SUB
        case .xpub: ZMQ_XPUB
        case .xsub: ZMQ_XSUB
        }
    }
}
