internal import RunSurgeCore
internal import ZeroMQ

/// The four endpoints of a master, bound.
struct MasterSockets: Sendable {
    let work: SocketHandle
    let results: SocketHandle
    let heartbeats: SocketHandle
    let events: SocketHandle
    /// For this machine.
    let endpoints: MasterEndpoints
    /// For workers.
    let advertised: MasterEndpoints
    /// Peers that messages could not be routed to.
    let lostPeers: AsyncStream<Frame>

    /// Throws `MasterError.cannotBind`.
    static func bind(_ configuration: MasterConfiguration, on thread: SocketThread) async throws -> MasterSockets {
        let (lostPeers, lost) = AsyncStream.makeStream(of: Frame.self, bufferingPolicy: .bufferingNewest(10_000))
        var opened: [SocketHandle] = []
        func open(_ kind: SocketKind, _ port: Int) async throws -> SocketHandle {
            let settings = settings(of: kind, configuration, port: port, lost)
            let socket = try await retryingWhileInUse { try await thread.open(settings) }
            opened.append(socket)
            return socket
        }
        do {
            let work = try await open(.router, configuration.workPort)
            let results = try await open(.pull, configuration.resultsPort)
            let heartbeats = try await open(.sub, configuration.heartbeatsPort)
            let events = try await open(.xpub, configuration.eventsPort)
            func endpoints(_ name: (String) -> String) -> MasterEndpoints {
                MasterEndpoints(
                    work: name(work.boundEndpoints[0]), results: name(results.boundEndpoints[0]),
                    heartbeats: name(heartbeats.boundEndpoints[0]), events: name(events.boundEndpoints[0]))
            }
            return MasterSockets(
                work: work, results: results, heartbeats: heartbeats, events: events,
                endpoints: endpoints(configuration.local), advertised: endpoints(configuration.advertised),
                lostPeers: lostPeers)
        } catch {
            for socket in opened { try? await socket.close() }
            throw MasterError.cannotBind("\(error)")
        }
    }

    /// libzmq lets go of a closed socket's port a moment after the close.
    private static func retryingWhileInUse(_ open: () async throws -> SocketHandle) async throws -> SocketHandle {
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
        for socket in [work, results, heartbeats, events] { try? await socket.close() }
    }

    private static func settings(
        of kind: SocketKind, _ configuration: MasterConfiguration, port: Int, _ lost: AsyncStream<Frame>.Continuation
    ) -> SocketConfiguration {
        var options = SocketOptions()
        options.heartbeatInterval = .seconds(2)
        options.heartbeatTimeout = .seconds(10)
        options.handshakeInterval = .seconds(10)
        options.backlog = 4_096
        options.ipv6 = configuration.host.contains(":") || configuration.host == "*"
        options.maxMessageSize = Int64(Limits.frameBytes)
        if kind == .sub { options.subscriptions = [[]] }
        var socket = SocketConfiguration(
            kind, bind: [configuration.bindEndpoint(port: port)], options: options)
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
