import Glibc

extension Connection {
    /// Runs blocking work on the connection's thread; the task's cancellation interrupts it.
    func cancellable<Value: Sendable>(
        _ isCancellable: Bool = true, _ body: () throws(PostgreSQLError) -> Value
    ) async throws(PostgreSQLError) -> Value {
        operation += 1
        guard isCancellable else { return try body() }
        if Task.isCancelled { throw PostgreSQLError(kind: .cancelled, message: "The task was cancelled.") }
        let current = operation
        // The call of an isolated method, without await, is what keeps the closure on the connection's thread: one that
        // did not name the actor would run on the cooperative pool.
        let result = await withTaskCancellationHandler {
            self.outcome(body)
        } onCancel: { [interrupt] in
            interrupt.cancel(current)
        }
        return try result.get()
    }

    func outcome<Value>(_ body: () throws(PostgreSQLError) -> Value) -> Result<Value, PostgreSQLError> {
        executor.checkIsolated()
        do throws(PostgreSQLError) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }

    /// Waits until the socket is ready, an interrupt arrives or the time is over (-1: none). True: interrupted.
    @discardableResult
    func waitFor(_ socket: Int32, _ events: Int32, milliseconds: Int32 = -1) -> Bool {
        var descriptors = [
            pollfd(fd: socket, events: Int16(events), revents: 0),
            pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, milliseconds) > 0, descriptors[1].revents != 0 else { return false }
        interrupt.drain()
        return true
    }

    /// Sends what is queued and waits for the next result; nil ends a statement.
    func nextResult() -> ResultHandle? {
        var cancelRequested = false
        while true {
            let hasOutput = handle?.flush()
            guard handle?.isBusy == true, handle?.isBroken == false, let hasOutput else { break }
            guard let socket = handle?.socket, socket >= 0 else { break }
            let interrupted = waitFor(socket, hasOutput == true ? POLLIN | POLLOUT : POLLIN)
            if !cancelRequested, interrupted, interrupt.isCancelled(operation) {
                cancelRequested = true
                handle?.requestCancel()
            }
            guard handle?.consumeInput() == true else { break }
        }
        return handle?.nextResult()
    }

    func waitWritable() {
        guard let socket = handle?.socket, socket >= 0 else { return }
        waitFor(socket, POLLOUT | POLLIN)
        _ = handle?.consumeInput()
    }
}
