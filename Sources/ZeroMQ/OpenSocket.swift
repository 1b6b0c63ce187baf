/// One open socket with its queues. Lives and dies on the socket thread.
final class OpenSocket {
    /// Messages taken from one socket before the others get their turn.
    private static let receiveBatch = 1_024
    private static let retryIntervals = (shortest: Duration.milliseconds(1), longest: Duration.milliseconds(16))

    private let socket: Socket
    private let kind: SocketKind
    private let configuration: SocketConfiguration
    private let inbox: Inbox
    private let counters: SocketCounters
    private var backlog: SendBacklog
    private var isPaused = false
    private var retryInterval = retryIntervals.shortest
    private var nextRetry: ContinuousClock.Instant?

    /// Applies the options, binds and connects. Throws what libzmq refused, naming the endpoint or option.
    init(_ request: OpenRequest, context: Context) throws(ZeroMQError) {
        configuration = request.configuration
        kind = configuration.kind
        inbox = request.inbox
        counters = request.counters
        backlog = SendBacklog(laneLimit: kind == .router ? configuration.peerQueue : nil)
        socket = try Socket(context, kind)
        try socket.apply(configuration.options)
    }

    /// Binds and connects as configured; the real endpoints of those bound.
    func attach() throws(ZeroMQError) -> [String] {
        var bound: [String] = []
        for endpoint in configuration.bind { bound.append(try socket.bind(endpoint)) }
        for listener in configuration.listeners { bound.append(try socket.bind(listener)) }
        for endpoint in configuration.connect { try socket.connect(endpoint) }
        return bound
    }

    /// The endpoint bound, when the change is a bind. `.close` is the loop's, for it owns the list of sockets.
    func apply(_ change: SocketChange) throws(ZeroMQError) -> [String] {
        switch change {
        case .bind(let endpoint): return [try socket.bind(endpoint)]
        case .unbind(let endpoint): try socket.unbind(endpoint)
        case .connect(let endpoint): try socket.connect(endpoint)
        case .disconnect(let endpoint): try socket.disconnect(endpoint)
        case .subscribe(let prefix): try socket.subscribe(prefix)
        case .unsubscribe(let prefix): try socket.unsubscribe(prefix)
        case .close: break
        }
        return []
    }

    /// Fails what still waits and ends the stream; the socket itself closes with this object.
    func close() {
        counters.close()
        backlog.removeAll { frames in
            counters.release(bytes: frames.byteCount)
            discard(.closed(peer: peer(frames)))
        }
        inbox.finish()
    }

    // MARK: Sending

    /// Hands a send to libzmq, or keeps it until its peer takes more.
    func send(_ frames: [Frame]) {
        if !backlog.isEmpty && backlog.holds(lane(frames)) { return keep(frames) }
        if attempt(frames) == .blocked { keep(frames) }
    }

    /// Tries once and keeps nothing.
    func sendReporting(_ frames: [Frame]) -> SendOutcome {
        defer { counters.release(bytes: frames.byteCount) }
        if !backlog.isEmpty && backlog.holds(lane(frames)) { return .wouldBlock }
        guard let error = socket.trySend(frames) else {
            counters.countSent()
            return .accepted
        }
        switch error.code {
        case Errno.again: return .wouldBlock
        case Errno.hostUnreachable: return .unroutable
        default: return .failed(error)
        }
    }

    /// Offers what waits again; a ROUTER only when its retry is due.
    func retry(now: ContinuousClock.Instant) {
        if let nextRetry, now < nextRetry { return }
        let hasMoved = backlog.retry(attempt)
        guard kind == .router, !backlog.isEmpty else {
            nextRetry = nil
            retryInterval = Self.retryIntervals.shortest
            return
        }
        let intervals = Self.retryIntervals
        retryInterval = hasMoved ? intervals.shortest : min(retryInterval * 2, intervals.longest)
        nextRetry = now + retryInterval
    }

    /// When a ROUTER's blocked peers are to be tried again: POLLOUT is about any of its peers, and would spin.
    var retryDeadline: ContinuousClock.Instant? { nextRetry }

    private func attempt(_ frames: [Frame]) -> SendBacklog.Step {
        let error = socket.trySend(frames)
        if let error, error.code == Errno.again { return .blocked }
        counters.release(bytes: frames.byteCount)
        switch error {
        case nil: counters.countSent()
        case let error? where error.code == Errno.hostUnreachable: discard(.unroutable(peer: peer(frames)))
        case let error?: discard(.failed(peer: peer(frames), error))
        }
        return .next
    }

    private func keep(_ frames: [Frame]) {
        guard backlog.append(frames, lane: lane(frames)) else {
            counters.release(bytes: frames.byteCount)
            return discard(.backlogFull(peer: peer(frames)))
        }
        if kind == .router && nextRetry == nil { nextRetry = .now + retryInterval }
    }

    private func lane(_ frames: [Frame]) -> Frame { peer(frames) ?? [] }

    private func peer(_ frames: [Frame]) -> Frame? { kind == .router ? frames.first : nil }

    private func discard(_ discard: Discard) {
        counters.countDiscarded()
        configuration.onDiscard?(discard)
    }

    // MARK: Receiving

    func resume() { isPaused = false }

    func enlist(in poller: inout Poller) {
        // Even a paused or send-only socket is watched: libzmq handles its connections only when asked for events.
        let isReading = kind.canReceive && !isPaused
        poller.add(socket, reading: isReading, writing: !backlog.isEmpty && kind != .router)
    }

    /// Drains what is ready into the inbox, as far as there is room and for one turn.
    func receive(_ buffer: borrowing MessageBuffer) {
        guard let room = inbox.room() else {
            isPaused = true
            return
        }
        var batch: [Message] = []
        var bytes = 0
        let bound = min(room.messages, Self.receiveBatch)
        // Counts the dropped as well, so that a flood of oversized messages can't hold the thread.
        drain: for _ in 0..<bound where bytes < room.bytes {
            switch socket.receive(buffer, limit: configuration.messageLimit, readsUserID: configuration.readsUserID) {
            case .message(let message, let size):
                bytes += size
                batch.append(message)
            case .oversized(let first, let address, let frames, let bytes):
                let peer = kind == .router ? first : nil
                counters.countOversized()
                configuration.onDiscard?(.oversized(peer: peer, address: address, frames: frames, bytes: bytes))
            case .nothing: break drain
            }
        }
        guard !batch.isEmpty else { return }
        counters.countReceived(batch.count)
        inbox.deliver(batch, bytes: bytes)
    }
}
