/// The body of the socket thread: takes commands, polls, receives. Built before the thread starts, used only on it.
final class SocketLoop {
    private let mailbox: Mailbox
    private let wakeup: EventDescriptor
    private let buffer = MessageBuffer()
    private var context: Context?
    private var sockets: [SocketID: OpenSocket] = [:]
    /// The same sockets in the order in which they are polled.
    private var polled: [OpenSocket] = []
    private var isRunning = true

    init(mailbox: Mailbox, wakeup: EventDescriptor) throws(ZeroMQError) {
        self.mailbox = mailbox
        self.wakeup = wakeup
        context = try Context()
    }

    /// Returns when told to shut down, with every socket closed and the context terminated.
    func run() {
        var commands: [Command] = []
        var poller = Poller()
        while isRunning {
            mailbox.take(into: &commands)
            for command in commands { execute(command) }
            commands.removeAll(keepingCapacity: true)
            if isRunning { poll(&poller) }
        }
        for socket in polled { socket.close() }
        polled = []
        sockets = [:]
        context = nil
    }

    // MARK: Commands

    private func execute(_ command: Command) {
        switch command {
        case .send(let id, let frames): sockets[id]?.send(frames)
        case .sendReporting(let id, let frames, let reply):
            reply.resume(returning: .success(sockets[id]?.sendReporting(frames) ?? .closed))
        case .open(let request, let reply): reply.resume(returning: open(request))
        case .change(let id, .close, let reply):
            close(id)
            reply.resume(returning: .success([]))
        case .change(let id, let change, let reply): reply.resume(returning: apply(change, to: id))
        case .resume(let id): sockets[id]?.resume()
        case .shutdown: isRunning = false
        }
    }

    private func open(_ request: OpenRequest) -> Result<[String], ZeroMQError> {
        do throws(ZeroMQError) {
            guard let context else { return .failure(.closed) }
            let socket = try OpenSocket(request, context: context)
            let endpoints = try socket.attach()
            sockets[request.id] = socket
            polled.append(socket)
            return .success(endpoints)
        } catch {
            request.inbox.finish()
            return .failure(error)
        }
    }

    private func apply(_ change: SocketChange, to id: SocketID) -> Result<[String], ZeroMQError> {
        guard let socket = sockets[id] else { return .failure(.closed) }
        do throws(ZeroMQError) {
            return .success(try socket.apply(change))
        } catch {
            return .failure(error)
        }
    }

    private func close(_ id: SocketID) {
        guard let socket = sockets.removeValue(forKey: id) else { return }
        polled.removeAll { $0 === socket }
        socket.close()
    }

    // MARK: Polling

    private func poll(_ poller: inout Poller) {
        poller.removeAll()
        poller.add(wakeup)
        var deadline: ContinuousClock.Instant?
        for socket in polled {
            socket.enlist(in: &poller)
            if let retry = socket.retryDeadline { deadline = min(deadline ?? retry, retry) }
        }
        poller.wait(for: timeout(until: deadline))
        if poller.isReadable(at: 0) { wakeup.drain() }
        for (index, socket) in polled.enumerated() {
            // The first item is the eventfd.
            if poller.isReadable(at: index + 1) { socket.receive(buffer) }
            if poller.isWritable(at: index + 1) || socket.retryDeadline != nil { socket.retry(now: .now) }
        }
    }

    private func timeout(until deadline: ContinuousClock.Instant?) -> Poller.Timeout {
        guard mailbox.prepareToSleep() else { return .immediate }
        return deadline.map { .milliseconds(ContinuousClock.now.duration(to: $0).millisecondsRoundedUp) } ?? .never
    }
}
