import Synchronization

/// The one thread that owns a process's ZeroMQ context and all its sockets, with every signal blocked.
///
/// No call blocks the caller's thread. Releasing it without `shutdown` ends the thread too, without waiting for it.
public final class SocketThread: Sendable {
    private let mailbox: Mailbox
    private let ended = Completion()
    private let thread: Mutex<NativeThread?>
    private let lastID = Atomic<UInt64>(0)

    /// Starts the thread. `name` shows in the process list, cut to 15 bytes; `mailboxCapacity` bounds the commands that
    /// wait for the thread, sends included.
    public init(name: String, mailboxCapacity: Int = 65_536) throws(ZeroMQError) {
        let wakeup = try EventDescriptor()
        let mailbox = Mailbox(capacity: mailboxCapacity, wakeup: wakeup)
        let loop = try SocketLoop(mailbox: mailbox, wakeup: wakeup)
        let ended = ended
        self.mailbox = mailbox
        thread = Mutex(
            try NativeThread(name: name) {
                loop.run()
                ended.signal()
            })
    }

    deinit {
        mailbox.close()
        thread.withLock { $0.take() }?.detach()
    }

    /// Opens, binds and connects a socket, all or nothing. Throws what libzmq refused (EADDRINUSE with the endpoint),
    /// `.mailboxFull` or `.closed`.
    public func open(_ configuration: SocketConfiguration) async throws(ZeroMQError) -> SocketHandle {
        let id = SocketID(value: lastID.add(1, ordering: .relaxed).newValue)
        let inbox = Inbox(id: id, limit: configuration.inbox, mailbox: mailbox)
        let counters = SocketCounters(limit: configuration.sendQueue)
        let request = OpenRequest(id: id, configuration: configuration, inbox: inbox, counters: counters)
        let endpoints = try await mailbox.ask { .open(request, $0) }
        return SocketHandle(
            boundEndpoints: endpoints, kind: configuration.kind, id: id, mailbox: mailbox, inbox: inbox,
            counters: counters)
    }

    /// Closes all sockets without linger, terminates the context and joins the thread. Sends posted before it reach
    /// libzmq, which drops what no peer has taken; everything later throws `.closed`. Idempotent.
    public func shutdown() async {
        mailbox.close()
        await ended.wait()
        // The thread has nothing left to do, so joining it doesn't wait.
        thread.withLock { $0.take() }?.join()
    }
}
