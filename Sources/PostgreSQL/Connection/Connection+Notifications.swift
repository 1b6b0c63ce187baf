extension Connection {
    /// Payloads of NOTIFY on `channel`. The stream ends when it is cancelled (which stops listening) or the connection
    /// ends. Use a connection of its own: notifications arrive only between statements. Keeps the newest `buffer`.
    public func listen(_ channel: String, buffer: Int = 256) async throws(PostgreSQLError) -> AsyncStream<String> {
        if listeners[channel] == nil { try runScript("LISTEN \(SQLIdentifier.quoted(channel))") }
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(buffer))
        let identifier = nextListener
        nextListener += 1
        listeners[channel, default: [:]][identifier] = continuation
        continuation.onTermination = { [weak self] _ in
            Task { await self?.stopListening(channel, identifier) }
        }
        return stream
    }

    func stopListening(_ channel: String, _ identifier: Int) {
        guard listeners[channel]?.removeValue(forKey: identifier) != nil else { return }
        guard listeners[channel]?.isEmpty == true else { return }
        listeners[channel] = nil
        // A connection that cannot unlisten is broken and says so by its status.
        _ = try? runScript("UNLISTEN \(SQLIdentifier.quoted(channel))")
    }

    /// While idle, watch the socket: for notifications, and for the server's farewell.
    func watchIdle() {
        guard let socket = handle?.socket, socket >= 0 else { return }
        executor.watch(socket) { [weak self] in
            Task { await self?.readIdle() }
        }
    }

    func readIdle() {
        guard handle != nil else { return }
        guard handle?.consumeInput() == true, handle?.isBroken == false else { return discard() }
        deliverNotifications()
        watchIdle()
    }

    func deliverNotifications() {
        while let (channel, payload) = handle?.nextNotification() {
            for continuation in (listeners[channel] ?? [:]).values { continuation.yield(payload) }
        }
    }
}
