internal import CZeroMQ

extension Socket {
    /// Applies the options that the kind of socket has. Throws EINVAL, naming the option, for a value out of range.
    public func apply(_ options: SocketOptions) throws(ZeroMQError) {
        try set(ZMQ_LINGER, options.linger, "linger")
        try set(ZMQ_ROUTING_ID, options.routingID, "routing id")
        try set(ZMQ_SNDHWM, options.sendHighWaterMark, "send high-water mark")
        try set(ZMQ_RCVHWM, options.receiveHighWaterMark, "receive high-water mark")
        try set(ZMQ_MAXMSGSIZE, options.maxMessageSize, "maximal message size")
        try set(ZMQ_IMMEDIATE, options.immediate, "immediate")
        try applyByKind(options)
        try applyConnection(options)
        try applySecurity(options)
    }

    /// Binds with the listener's security, which later binds keep.
    public func bind(_ listener: Listener) throws(ZeroMQError) -> String {
        try set(ZMQ_CURVE_SERVER, listener.serverKey != nil, "CURVE server")
        if let key = listener.serverKey { try set(ZMQ_CURVE_SECRETKEY, terminated(key.z85), "CURVE secret key") }
        try set(ZMQ_ZAP_DOMAIN, Array(listener.zapDomain.utf8), "ZAP domain")
        try set(Self.enforceZAPDomain, true, "enforce ZAP domain")
        return try bind(listener.endpoint)
    }

    /// SUB and XSUB; throws EINVAL for others.
    public func subscribe(_ prefix: Frame) throws(ZeroMQError) {
        try changeSubscription(prefix, option: ZMQ_SUBSCRIBE, command: 1)
    }

    /// SUB and XSUB; throws EINVAL for others.
    public func unsubscribe(_ prefix: Frame) throws(ZeroMQError) {
        try changeSubscription(prefix, option: ZMQ_UNSUBSCRIBE, command: 0)
    }

    private func changeSubscription(_ prefix: Frame, option: Int32, command: UInt8) throws(ZeroMQError) {
        guard kind == .xsub else { return try set(option, prefix, "subscription") }
        if let error = trySend([[command] + prefix]) { throw error }
    }

    private func applyByKind(_ options: SocketOptions) throws(ZeroMQError) {
        switch kind {
        case .router:
            try set(ZMQ_ROUTER_MANDATORY, options.routerMandatory, "router mandatory")
            try set(ZMQ_ROUTER_HANDOVER, options.routerHandover, "router handover")
        case .xpub:
            try set(ZMQ_XPUB_VERBOSE, options.xpubVerbose, "xpub verbose")
        case .sub, .xsub:
            for prefix in options.subscriptions { try subscribe(prefix) }
        case .dealer, .push, .pull, .pub: break
        }
    }

    private func applyConnection(_ options: SocketOptions) throws(ZeroMQError) {
        try set(ZMQ_HEARTBEAT_IVL, options.heartbeatInterval, "heartbeat interval")
        try set(ZMQ_HEARTBEAT_TIMEOUT, options.heartbeatTimeout, "heartbeat timeout")
        try applyKeepalive(options.keepalive)
        try set(ZMQ_HANDSHAKE_IVL, options.handshakeInterval, "handshake interval")
        try set(ZMQ_BACKLOG, options.backlog, "backlog")
        try set(ZMQ_IPV6, options.ipv6, "ipv6")
        try set(ZMQ_RECONNECT_IVL, options.reconnectInterval, "reconnect interval")
        try set(ZMQ_RECONNECT_IVL_MAX, options.reconnectIntervalMax, "maximal reconnect interval")
    }

    private func applyKeepalive(_ keepalive: Keepalive?) throws(ZeroMQError) {
        guard let keepalive else { return }
        try set(ZMQ_TCP_KEEPALIVE, true, "TCP keepalive")
        try set(ZMQ_TCP_KEEPALIVE_IDLE, Int32(clamping: keepalive.idle.components.seconds), "TCP keepalive idle")
        try set(
            ZMQ_TCP_KEEPALIVE_INTVL, Int32(clamping: keepalive.interval.components.seconds), "TCP keepalive interval")
        try set(ZMQ_TCP_KEEPALIVE_CNT, keepalive.probes, "TCP keepalive probes")
        try set(ZMQ_TCP_MAXRT, keepalive.patience, "TCP retransmission")
    }

    /// A draft option: the number is not in the header of a stable build.
    private static let enforceZAPDomain: Int32 = 93

    private func applySecurity(_ options: SocketOptions) throws(ZeroMQError) {
        if let domain = options.zapDomain { try set(ZMQ_ZAP_DOMAIN, Array(domain.utf8), "ZAP domain") }
        try set(Self.enforceZAPDomain, options.enforceZAPDomain, "enforce ZAP domain")
        switch options.curve {
        case nil: return
        case .server(let secretKey):
            try set(ZMQ_CURVE_SERVER, true, "CURVE server")
            try set(ZMQ_CURVE_SECRETKEY, terminated(secretKey.z85), "CURVE secret key")
        case .client(let keys, let serverKey):
            try set(ZMQ_CURVE_PUBLICKEY, terminated(keys.publicKey.z85), "CURVE public key")
            try set(ZMQ_CURVE_SECRETKEY, terminated(keys.secretKey.z85), "CURVE secret key")
            try set(ZMQ_CURVE_SERVERKEY, terminated(serverKey.z85), "CURVE server key")
        }
    }

    /// libzmq takes a Z85 key as 41 bytes, the final zero among them.
    private func terminated(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    private func set(_ option: Int32, _ value: Bool?, _ name: String) throws(ZeroMQError) {
        try set(option, value.map { $0 ? Int32(1) : 0 }, name)
    }

    private func set(_ option: Int32, _ value: Duration?, _ name: String) throws(ZeroMQError) {
        try set(option, value.map { Int32(clamping: $0.milliseconds) }, name)
    }

    private func set<Value: FixedWidthInteger>(
        _ option: Int32, _ value: Value?, _ name: String
    ) throws(ZeroMQError) {
        guard var value else { return }
        try Errno.check(
            zmq_setsockopt(handle, option, &value, MemoryLayout<Value>.size), "zmq_setsockopt", name)
    }

    private func set(_ option: Int32, _ value: [UInt8]?, _ name: String) throws(ZeroMQError) {
        guard let value else { return }
        try Errno.check(zmq_setsockopt(handle, option, value, value.count), "zmq_setsockopt", name)
    }
}
