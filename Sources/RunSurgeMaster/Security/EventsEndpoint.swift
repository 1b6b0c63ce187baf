internal import Logging
internal import Synchronization
internal import ZeroMQ

/// The events socket, which sends to whoever is connected: libzmq has no way to end one peer's connection, so that
/// somebody whose key was revoked is sent away by opening the socket anew. The others come back by themselves.
final class EventsEndpoint: Sendable {
    private struct State {
        var socket: SocketHandle
        /// Closed for good.
        var isClosed = false
    }

    private let thread: SocketThread
    private let configuration: SocketConfiguration
    private let state: Mutex<State>
    private let requests: AsyncStream<Void>
    private let request: AsyncStream<Void>.Continuation

    /// - Parameter socket: open; its configuration is the one to open it by again, on the ports that it has.
    init(_ socket: SocketHandle, _ configuration: SocketConfiguration, on thread: SocketThread) {
        var configuration = configuration
        for (index, endpoint) in socket.boundEndpoints.enumerated() where index < configuration.listeners.count {
            configuration.listeners[index].endpoint = endpoint
        }
        self.thread = thread
        self.configuration = configuration
        state = Mutex(State(socket: socket))
        (requests, request) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    private var socket: SocketHandle { state.withLock { $0.socket } }

    func send(_ frames: [Frame]) throws { try socket.send(frames) }

    var statistics: SocketStatistics { socket.statistics }

    /// Hands on the subscriptions that arrive; until closed or cancelled.
    func read(into subscriptions: Subscriptions) async {
        while !Task.isCancelled, !state.withLock({ $0.isClosed }) {
            for await message in socket.messages { subscriptions.note(message) }
            // Whoever comes back subscribes again.
            subscriptions.forgetAll()
            // Being opened anew.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Ends all connections, soon; those with valid keys are made again by libzmq.
    func sendEverybodyAway() { request.yield() }

    /// Runs until cancelled. What is published meanwhile is lost, as for anybody who is not connected.
    func reopenWhenAsked(_ logger: Logger) async throws {
        for await _ in requests {
            while true {
                do {
                    try await reopen()
                    break
                } catch let error as ZeroMQError {
                    logger.error("the events endpoint can't be opened again", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func reopen() async throws {
        try await socket.close()
        let configuration = configuration
        let opened = try await MasterSockets.retryingWhileInUse { try await self.thread.open(configuration) }
        let isClosed = state.withLock { state in
            state.socket = opened
            return state.isClosed
        }
        if isClosed { try await opened.close() }
    }

    func close() async {
        let socket = state.withLock { state in
            state.isClosed = true
            return state.socket
        }
        try? await socket.close()
    }
}
