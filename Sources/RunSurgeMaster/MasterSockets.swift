internal import RunSurgeCore
internal import ZeroMQ

/// The four endpoints of a master, each bound in the cluster's folder for this machine and, when there are keys, behind
/// CURVE for the network.
struct MasterSockets: Sendable {
    let work: SocketHandle
    let results: SocketHandle
    let heartbeats: SocketHandle
    let events: EventsEndpoint
    /// For processes of this machine.
    let local: LinkEndpoints
    /// For workers elsewhere; nil: there is no network.
    let advertised: LinkEndpoints?
    /// Those of the network as this machine can reach them.
    let checked: [(LinkDomain, String)]
    /// Peers that messages could not be routed to.
    let lostPeers: AsyncStream<Frame>

    /// Throws `MasterError.cannotBind`.
    static func bind(_ configuration: MasterConfiguration, on thread: SocketThread) async throws -> MasterSockets {
        try LocalFolder.prepare(configuration.localFolder)
        let (lostPeers, lost) = AsyncStream.makeStream(of: Frame.self, bufferingPolicy: .bufferingNewest(10_000))
        var opened: [SocketHandle] = []
        func open(_ kind: SocketKind, _ domain: LinkDomain) async throws -> SocketHandle {
            let settings = settings(of: kind, domain, configuration, lost)
            let socket = try await retryingWhileInUse { try await thread.open(settings) }
            opened.append(socket)
            return socket
        }
        do {
            let work = try await open(.router, .work)
            let results = try await open(.pull, .results)
            let heartbeats = try await open(.sub, .heartbeats)
            let events = try await open(.xpub, .events)
            func endpoints(_ name: (SocketHandle) -> String) -> LinkEndpoints {
                LinkEndpoints(
                    work: name(work), results: name(results), heartbeats: name(heartbeats), events: name(events))
            }
            let isNetworked = configuration.serverKeys != nil
            let sockets = zip(LinkDomain.network, [work, results, heartbeats, events])
            return MasterSockets(
                work: work, results: results, heartbeats: heartbeats,
                events: EventsEndpoint(events, settings(of: .xpub, .events, configuration, lost), on: thread),
                local: endpoints { $0.boundEndpoints[0] },
                advertised: isNetworked ? endpoints { configuration.advertised($0.boundEndpoints[1]) } : nil,
                checked: isNetworked ? sockets.map { ($0, configuration.local($1.boundEndpoints[1])) } : [],
                lostPeers: lostPeers)
        } catch {
            for socket in opened { try? await socket.close() }
            throw MasterError.cannotBind("\(error)")
        }
    }

    /// libzmq lets go of a closed socket's port a moment after the close.
    static func retryingWhileInUse(_ open: () async throws -> SocketHandle) async throws -> SocketHandle {
        for _ in 0..<20 {
            do {
                return try await open()
            } catch let error as ZeroMQError where error.isAddressInUse {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        return try await open()
    }

    func close() async {
        for socket in [work, results, heartbeats] { try? await socket.close() }
        await events.close()
    }

    private static func settings(
        of kind: SocketKind, _ domain: LinkDomain, _ configuration: MasterConfiguration,
        _ lost: AsyncStream<Frame>.Continuation
    ) -> SocketConfiguration {
        var options = SocketOptions()
        // The pings of libzmq are the workers': with thousands of peers they would be most of what a master does.
        options.keepalive = Keepalive(idle: .seconds(4), interval: .seconds(2), probes: 3)
        options.handshakeInterval = .seconds(10)
        options.backlog = 4_096
        options.ipv6 = configuration.host.contains(":") || configuration.host == "*"
        options.maxMessageSize = Int64(Limits.frameBytes)
        if kind == .sub { options.subscriptions = [[]] }
        var socket = SocketConfiguration(kind, options: options)
        socket.listeners = [
            Listener("ipc://\(configuration.localFolder)/\(domain.rawValue)", zapDomain: LinkDomain.local.rawValue)
        ]
        if let keys = configuration.serverKeys {
            socket.listeners.append(
                Listener(
                    configuration.bindEndpoint(port: configuration.port(of: domain)),
                    serverKey: keys.current.secretKey, zapDomain: domain.rawValue))
        }
        // Nothing is published that the master reads: an XPUB's subscriptions need no name.
        socket.readsUserID = kind != .xpub
        socket.messageLimit = MessageLimit(frames: 2, bytes: Limits.frameBytes + 1_024)
        socket.inbox = QueueLimit(messages: 16_384, bytes: 32 << 20)
        socket.onDiscard = { discard in
            switch discard {
            case .unroutable(let peer?), .backlogFull(let peer?): lost.yield(peer)
            default: break
            }
        }
        return socket
    }
}

extension MasterConfiguration {
    private var isWildcard: Bool { ["*", "0.0.0.0", "::", "[::]"].contains(host) }

    fileprivate func port(of domain: LinkDomain) -> Int {
        switch domain {
        case .work, .local: workPort
        case .results: resultsPort
        case .heartbeats: heartbeatsPort
        case .events: eventsPort
        }
    }

    /// A bound endpoint as workers are told it; with a wildcard they put in the host that they came by.
    func advertised(_ endpoint: String) -> String {
        let port = endpoint.split(separator: ":").last ?? ""
        if let advertisedHost { return "tcp://\(advertisedHost):\(port)" }
        return isWildcard ? "tcp://*:\(port)" : endpoint
    }

    /// A bound endpoint as it can be connected to from this machine.
    func local(_ endpoint: String) -> String {
        isWildcard ? "tcp://127.0.0.1:\(endpoint.split(separator: ":").last ?? "")" : endpoint
    }
}
