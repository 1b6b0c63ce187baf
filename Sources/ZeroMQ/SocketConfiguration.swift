/// How to open one socket.
public struct SocketConfiguration: Sendable {
    public var kind: SocketKind
    public var options: SocketOptions
    /// Endpoints to bind, in order; `tcp://127.0.0.1:*` takes a free port.
    public var bind: [String]
    /// Bound after `bind`, each with a security of its own.
    public var listeners: [Listener] = []
    /// Endpoints to connect to, after binding.
    public var connect: [String]
    /// Received messages that wait for the consumer. At the bound the socket is not read until half is consumed.
    public var inbox = QueueLimit(messages: 16_384, bytes: 64 << 20)
    /// Sends that libzmq has not taken yet. At the bound `SocketHandle.send` throws `.sendQueueFull`.
    public var sendQueue = QueueLimit(messages: 65_536, bytes: 256 << 20)
    /// ROUTER: sends that wait for one peer whose pipe is full. Over the bound they are discarded and reported.
    public var peerQueue = QueueLimit(messages: 4_096, bytes: 16 << 20)
    /// The largest message taken in.
    public var messageLimit = MessageLimit(frames: 64, bytes: 64 << 20)
    /// Read the ZAP User-Id of every message. Costs a lookup a message; meant for CURVE servers.
    public var readsUserID = false
    /// Called on the socket thread for each message dropped; it must return at once and must not block.
    public var onDiscard: (@Sendable (Discard) -> Void)?

    public init(
        _ kind: SocketKind, bind: [String] = [], connect: [String] = [], options: SocketOptions = SocketOptions()
    ) {
        self.kind = kind
        self.bind = bind
        self.connect = connect
        self.options = options
    }
}
