internal import RunSurgeCore
internal import ZeroMQ

/// The four endpoints of a master, bound.
struct MasterSockets: Sendable {
    let work: SocketHandle
    let results: SocketHandle
    let heartbeats: SocketHandle
    let events: SocketHandle
    let endpoints: MasterEndpoints
    /// Peers that messages could not be routed to.
    let lostPeers: AsyncStream<Frame>

    /// Throws `MasterError.cannotBind`.
    static func bind(_ configuration: MasterConfiguration, on thread: SocketThread) async throws -> MasterSockets {
        let (lostPeers, lost) = AsyncStream.makeStream(of: Frame.self, bufferingPolicy: .bufferingNewest(10_000))
        var opened: [SocketHandle] = []
        func open(_ kind: SocketKind, _ port: Int) async throws -> SocketHandle {
            let socket = try await thread.open(socket(kind, configuration, port: port, lost))
            opened.append(socket)
            return socket
        }
        do {
            let work = try await open(.router, configuration.workPort)
            let results = try await open(.pull, configuration.resultsPort)
            let heartbeats = try await open(.sub, configuration.heartbeatsPort)
            let events = try await open(.xpub, configuration.eventsPort)
            func endpoint(_ socket: SocketHandle) -> String { configuration.advertised(socket.boundEndpoints[0]) }
            return MasterSockets(
                work: work, results: results, heartbeats: heartbeats, events: events,
                endpoints: MasterEndpoints(
                    work: endpoint(work), results: endpoint(results), heartbeats: endpoint(heartbeats),
                    events: endpoint(events)),
                lostPeers: lostPeers)
        } catch {
            for socket in opened { try? await socket.close() }
            throw MasterError.cannotBind("\(error)")
        }
    }

    func close() async {
        for socket in [work, results, heartbeats, events] { try? await socket.close() }
    }

    private static func socket(
        _ kind: SocketKind, _ configuration: MasterConfiguration, port: Int, _ lost: AsyncStream<Frame>.Continuation
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
    /// An endpoint as workers are told it.
    func advertised(_ endpoint: String) -> String {
        let port = endpoint.split(separator: ":").last ?? ""
        if let advertisedHost { return "tcp://\(advertisedHost):\(port)" }
        return ["*", "0.0.0.0", "::", "[::]"].contains(host) ? "tcp://*:\(port)" : endpoint
    }
}
