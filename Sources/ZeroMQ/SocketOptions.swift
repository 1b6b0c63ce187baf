/// Options of a socket, applied before it binds or connects; nil keeps libzmq's own default.
///
/// Intervals are rounded down to whole milliseconds. Options that the kind of socket doesn't have are not applied.
public struct SocketOptions: Sendable {
    /// 1 to 255 bytes, the first not 0; the name under which a ROUTER peer sees this socket.
    public var routingID: Frame?
    /// Messages queued for each peer before a send would block; 0 is no limit. libzmq: 1,000.
    public var sendHighWaterMark: Int32?
    /// Messages queued from each peer before its connection stops being read; 0 is no limit. libzmq: 1,000.
    public var receiveHighWaterMark: Int32?
    /// How long closing keeps unsent messages. 0 here, for the thread must never wait in termination.
    public var linger: Duration = .zero
    /// Bytes of one frame; a peer that sends a longer one is disconnected. -1 is no limit.
    public var maxMessageSize: Int64?
    /// ROUTER: a send to an unknown peer fails with EHOSTUNREACH, to a full one with EAGAIN, not silently.
    public var routerMandatory = true
    /// ROUTER: a peer that comes back under the same routing id takes over from its old connection.
    public var routerHandover = true
    /// A ping when nothing has come for so long. Not for a socket of thousands of peers: libzmq looks through all timers of
    /// its I/O thread to cancel one.
    public var heartbeatInterval: Duration?
    /// Silence after a heartbeat that ends the connection. libzmq: the interval.
    public var heartbeatTimeout: Duration?
    /// Lets the system find out about TCP peers that are gone, at no cost to this process.
    public var keepalive: Keepalive?
    /// Time for a peer to complete its handshake. libzmq: 30 s.
    public var handshakeInterval: Duration?
    /// Pending connections of a listening socket. libzmq: 100.
    public var backlog: Int32?
    public var ipv6: Bool?
    /// First wait before reconnecting. libzmq: 100 ms.
    public var reconnectInterval: Duration?
    /// Bound of the doubling wait before reconnecting. libzmq: no doubling.
    public var reconnectIntervalMax: Duration?
    /// SUB, XSUB: prefixes to subscribe to; an empty one takes everything.
    public var subscriptions: [Frame] = []
    /// XPUB: every subscription is passed up, duplicates included.
    public var xpubVerbose: Bool?
    /// Queue only for connections that are complete.
    public var immediate: Bool?
    public var curve: CurveRole?
    /// The domain named to the ZAP handler.
    public var zapDomain: String?
    /// Refuse every peer when no ZAP handler answers (option 93). Without it libzmq 4.3.4 admits all of them.
    public var enforceZAPDomain: Bool?

    public init() {}
}

/// When the system gives a silent TCP peer up. Whole seconds, at least 1.
public struct Keepalive: Sendable, Equatable {
    /// Silence before the first probe.
    public var idle: Duration
    /// Between probes.
    public var interval: Duration
    /// Unanswered ones that end the connection.
    public var probes: Int32

    public init(idle: Duration, interval: Duration, probes: Int32) {
        self.idle = idle
        self.interval = interval
        self.probes = probes
    }

    /// Also the time that sent bytes may stay unacknowledged.
    public var patience: Duration { idle + interval * Double(probes) }
}
