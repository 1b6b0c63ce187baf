internal import RunSurgeCore
internal import RunSurgeProtocol
internal import SwiftProtobuf
internal import ZeroMQ

/// The sockets of one session, from the first greeting on.
struct WorkLink: Sendable {
    let session: UInt64
    /// Of the master that is greeted.
    let endpoint: String
    private let options: SocketOptions
    private let work: SocketHandle
    private var results: SocketHandle?
    private var heartbeats: SocketHandle?
    private var events: SocketHandle?

    /// Connects to a master's work endpoint.
    static func open(
        session: UInt64, endpoint: String, curve: CurveRole?, sockets: SocketThread
    ) async throws(ZeroMQError) -> WorkLink {
        let options = options(curve)
        var socket = SocketConfiguration(.dealer, connect: [endpoint], options: options)
        // The same name after a broken connection: the master goes on talking to this session. It is no part of any
        // message, so that nobody who has seen the session can take the connection over.
        socket.options.routingID = [1] + withUnsafeBytes(of: UInt64.random(in: 1 ... .max)) { Array($0) }
        return WorkLink(session: session, endpoint: endpoint, options: options, work: try await sockets.open(socket))
    }

    private init(session: UInt64, endpoint: String, options: SocketOptions, work: SocketHandle) {
        self.session = session
        self.endpoint = endpoint
        self.options = options
        self.work = work
    }

    /// Connects to the endpoints that the master has named.
    mutating func attach(
        _ welcome: WireWelcome, configuration: WorkerConfiguration, sockets: SocketThread
    ) async throws(ZeroMQError) {
        func endpoint(_ named: String) -> String { Self.reachable(named, from: self.endpoint) }
        results = try await sockets.open(
            SocketConfiguration(.push, connect: [endpoint(welcome.resultsEndpoint)], options: options))
        heartbeats = try await sockets.open(
            SocketConfiguration(.pub, connect: [endpoint(welcome.heartbeatsEndpoint)], options: options))
        var subscriber = SocketConfiguration(.sub, connect: [endpoint(welcome.eventsEndpoint)], options: options)
        subscriber.options.subscriptions = [Self.beaconTopic]
        events = try await sockets.open(subscriber)
    }

    /// A master that listens on every address names none: it is then the one that was greeted. Of an endpoint or URL.
    static func reachable(_ named: String, from greeted: String) -> String {
        guard let wildcard = named.firstRange(of: "://*:"), let start = greeted.firstRange(of: "://"),
            let end = greeted.lastIndex(of: ":"), start.upperBound < end
        else { return named }
        let host = greeted[start.upperBound..<end]
        return named[..<wildcard.lowerBound] + "://\(host):" + named[wildcard.upperBound...]
    }

    static let beaconTopic = Array("beacon".utf8)

    private static func options(_ curve: CurveRole?) -> SocketOptions {
        var options = SocketOptions()
        options.heartbeatInterval = .seconds(2)
        options.heartbeatTimeout = .seconds(6)
        options.handshakeInterval = .seconds(5)
        options.reconnectInterval = .milliseconds(100)
        options.reconnectIntervalMax = .seconds(2)
        options.maxMessageSize = Int64(Limits.frameBytes)
        options.ipv6 = true
        options.curve = curve
        return options
    }

    /// Whether a master has welcomed it.
    var isAttached: Bool { events != nil }

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
