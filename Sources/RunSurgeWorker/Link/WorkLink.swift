internal import RunSurgeCore
internal import RunSurgeProtocol
internal import SwiftProtobuf
internal import ZeroMQ

/// The sockets of one session, from the first greeting on.
struct WorkLink: Sendable {
    let session: UInt64
    private let work: SocketHandle
    private var results: SocketHandle?
    private var heartbeats: SocketHandle?
    private var events: SocketHandle?

    /// Connects to the work endpoint.
    static func open(
        session: UInt64, configuration: WorkerConfiguration, sockets: SocketThread
    ) async throws(ZeroMQError) -> WorkLink {
        var socket = SocketConfiguration(.dealer, connect: [configuration.endpoint], options: options(configuration))
        // The same name after a broken connection: the master goes on talking to this session.
        socket.options.routingID = [1] + withUnsafeBytes(of: session.littleEndian) { Array($0) }
        return WorkLink(session: session, work: try await sockets.open(socket))
    }

    private init(session: UInt64, work: SocketHandle) {
        self.session = session
        self.work = work
    }

    /// Connects to the endpoints that the master has named.
    mutating func attach(
        _ welcome: WireWelcome, configuration: WorkerConfiguration, sockets: SocketThread
    ) async throws(ZeroMQError) {
        let options = Self.options(configuration)
        func endpoint(_ named: String) -> String { Self.reachable(named, from: configuration.endpoint) }
        results = try await sockets.open(
            SocketConfiguration(.push, connect: [endpoint(welcome.resultsEndpoint)], options: options))
        heartbeats = try await sockets.open(
            SocketConfiguration(.pub, connect: [endpoint(welcome.heartbeatsEndpoint)], options: options))
        var subscriber = SocketConfiguration(.sub, connect: [endpoint(welcome.eventsEndpoint)], options: options)
        subscriber.options.subscriptions = [Self.beaconTopic]
        events = try await sockets.open(subscriber)
    }

    /// A master that listens on every address names none: it is then the one that was greeted.
    static func reachable(_ named: String, from greeted: String) -> String {
        guard named.hasPrefix("tcp://*:"), let port = named.lastIndex(of: ":"), let end = greeted.lastIndex(of: ":")
        else {
            return named
        }
        return String(greeted[..<end]) + String(named[port...])
    }

    static let beaconTopic = Array("beacon".utf8)

    private static func options(_ configuration: WorkerConfiguration) -> SocketOptions {
        var options = SocketOptions()
        options.heartbeatInterval = .seconds(2)
        options.heartbeatTimeout = .seconds(6)
        options.handshakeInterval = .seconds(5)
        options.reconnectInterval = .milliseconds(100)
        options.reconnectIntervalMax = .seconds(2)
        options.maxMessageSize = Int64(Limits.frameBytes)
        options.ipv6 = true
        options.curve = configuration.curve
        return options
    }

    var messages: MessageStream { work.messages }
    var beacons: MessageStream? { events?.messages }

    /// Queues a message for the master.
    func send(_ body: WireWorkerMessage.OneOf_Body) throws {
        var message = WireWorkerMessage()
        message.session = session
        message.body = body
        try work.send([try FrameCodec.encode(message)])
    }

    func push(_ batch: WireResultBatch) throws { try results?.send([try FrameCodec.encode(batch)]) }

    func publish(_ heartbeat: WireHeartbeat) throws {
        try heartbeats?.send([Array("node/\(heartbeat.nodeID)".utf8), try FrameCodec.encode(heartbeat)])
    }

    func close() async {
        for socket in [work, results, heartbeats, events] {
            // Closing can only fail when the whole thread is closed, and then it is done.
            try? await socket?.close()
        }
    }
}
