/// An open socket, from any task or thread. Copies name the same socket.
public struct SocketHandle: Sendable {
    /// The endpoints bound at opening, listeners last, in order, with the real port in place of a wildcard.
    public let boundEndpoints: [String]
    public let kind: SocketKind
    let id: SocketID
    let mailbox: Mailbox
    let inbox: Inbox
    let counters: SocketCounters

    /// What arrives, for one consumer at a time.
    public var messages: MessageStream { MessageStream(inbox: inbox) }

    public var statistics: SocketStatistics { counters.snapshot }

    /// Queues a message without blocking. When a peer's pipe is full it waits, in order, without holding up others.
    /// Throws `.mailboxFull` or `.sendQueueFull` (nothing is queued), `.closed`, or ENOTSUP for a receive-only kind.
    public func send(_ frames: [Frame]) throws(ZeroMQError) {
        let bytes = try reserve(frames)
        do throws(ZeroMQError) {
            try mailbox.post(.send(id, frames))
        } catch {
            counters.release(bytes: bytes)
            throw error
        }
    }

    /// Sends once and tells what became of it; never queued when it would block. Throws as `send` does.
    public func sendReportingOutcome(_ frames: [Frame]) async throws(ZeroMQError) -> SendOutcome {
        let bytes = try reserve(frames)
        do throws(ZeroMQError) {
            return try await mailbox.ask { .sendReporting(id, frames, $0) }
        } catch {
            counters.release(bytes: bytes)
            throw error
        }
    }

    /// Binds to one more endpoint; its real name.
    public func bind(_ endpoint: String) async throws(ZeroMQError) -> String {
        try await mailbox.ask { .change(id, .bind(endpoint), $0) }.first ?? endpoint
    }

    /// Unbinds from an endpoint under its real name.
    public func unbind(_ endpoint: String) async throws(ZeroMQError) {
        try await mailbox.ask { .change(id, .unbind(endpoint), $0) }
    }

    /// Starts connecting; an unreachable peer is no error and is tried again by libzmq.
    public func connect(_ endpoint: String) async throws(ZeroMQError) {
        try await mailbox.ask { .change(id, .connect(endpoint), $0) }
    }

    /// Ends a connection; what was queued for it in libzmq is lost.
    public func disconnect(_ endpoint: String) async throws(ZeroMQError) {
        try await mailbox.ask { .change(id, .disconnect(endpoint), $0) }
    }

    /// SUB and XSUB: takes messages that begin with `prefix`.
    public func subscribe(_ prefix: Frame) async throws(ZeroMQError) {
        try await mailbox.ask { .change(id, .subscribe(prefix), $0) }
    }

    /// SUB and XSUB: undoes one `subscribe` with the same prefix.
    public func unsubscribe(_ prefix: Frame) async throws(ZeroMQError) {
        try await mailbox.ask { .change(id, .unsubscribe(prefix), $0) }
    }

    /// Closes the socket without linger and ends `messages`. Idempotent, also after the thread's shutdown.
    public func close() async throws(ZeroMQError) {
        do throws(ZeroMQError) {
            try await mailbox.ask { .change(id, .close, $0) }
        } catch  where error.reason == .closed {
            return
        }
    }

    /// Takes room for a send in the socket's own queue; its size in bytes.
    private func reserve(_ frames: [Frame]) throws(ZeroMQError) -> Int {
        guard !frames.isEmpty else {
            throw ZeroMQError(reason: .invalidArgument, code: Errno.invalid, function: "send", subject: "no frames")
        }
        guard kind.canSend else {
            throw ZeroMQError(code: Errno.notSupported, function: "send", subject: "\(kind)")
        }
        guard !counters.isClosed else { throw .closed }
        let bytes = frames.byteCount
        guard counters.reserve(bytes: bytes) else { throw .sendQueueFull }
        return bytes
    }
}
