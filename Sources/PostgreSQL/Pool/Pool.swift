public import Logging

/// A bounded set of connections, lent to one task at a time in order of arrival.
///
/// The logic is `PoolStateMachine`; this actor carries out its effects. `close` waits for leased connections.
public actor Pool {
    private struct Waiter {
        let continuation:
            CheckedContinuation<Result<(PoolStateMachine.ConnectionID, Connection), PostgreSQLError>, Never>
        let timeout: Task<Void, Never>
    }

    public nonisolated let configuration: PoolConfiguration
    private let connectionConfiguration: ConnectionConfiguration
    private let logger: Logger
    private let origin = ContinuousClock.now
    private var machine: PoolStateMachine
    private var connections: [PoolStateMachine.ConnectionID: Connection] = [:]
    private var waiters: [PoolStateMachine.WaiterID: Waiter] = [:]
    private var closeWaiters: [CheckedContinuation<Void, Never>] = []
    private var isClosed = false
    private var nextWaiter = 0
    private var lastConnectError: PostgreSQLError?
    private var ticker: Task<Void, Never>?

    /// Opens nothing: the first use does, or `start`.
    public init(
        _ connection: ConnectionConfiguration, configuration: PoolConfiguration = PoolConfiguration(),
        logger: Logger = Logger(label: "runsurge.postgresql")
    ) {
        self.connectionConfiguration = connection
        self.configuration = configuration
        self.logger = logger
        machine = PoolStateMachine(configuration)
    }

    deinit { ticker?.cancel() }

    /// Opens the minimum of connections in the background.
    public func start() { feed(.start) }

    /// Connections open or being opened, idle ones, and tasks that wait: for metrics.
    public var statistics: (connections: Int, idle: Int, waiting: Int) {
        (machine.connectionCount, machine.idleCount, machine.waiterCount)
    }

    /// Why the last attempt to connect failed; nil once one succeeded.
    public var connectError: PostgreSQLError? { lastConnectError }

    // MARK: Use

    /// Lends a connection to `body`, which runs where the caller does. What `body` left open is rolled back.
    ///
    /// Throws what `body` throws, or `.poolTimeout`, `.poolExhausted`, `.poolClosed`, `.cancelled`.
    public func withConnection<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Value
    ) async throws -> Value {
        let (identifier, connection) = try await acquire()
        do {
            let value = try await body(connection)
            await giveBack(identifier, connection)
            return value
        } catch {
            await giveBack(identifier, connection)
            throw error
        }
    }

    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// After a serialization failure or a deadlock `body` runs again, up to `attempts` times in all, so it must have
    /// no effects outside the database. A connection lost during COMMIT throws `.commitOutcomeUnknown`: repeat only
    /// what is idempotent. COMMIT and ROLLBACK run to their end even when the task is cancelled.
    public func withTransaction<Value>(
        isolation level: IsolationLevel = .readCommitted, readOnly: Bool = false, attempts: Int = 5,
        actor: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await withConnection(isolation: actor) { connection in
                    try await connection.transaction(level, readOnly: readOnly, isolation: actor, body)
                }
            } catch let error as PostgreSQLError {
                let isConflict = error.kind == .serializationFailure || error.kind == .deadlock
                guard isConflict, attempt < attempts else { throw error }
                logger.debug("transaction repeated", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
                // Those that collided must not collide again in step.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(4 << min(attempt, 5)))))
                attempt += 1
            }
        }
    }

    public nonisolated func query(
        _ sql: String, _ parameters: [SQLValue] = []
    ) async throws(PostgreSQLError) -> [Row] {
        try await run(Statement(sql, parameters)).rows
    }

    @discardableResult
    public nonisolated func execute(
        _ sql: String, _ parameters: [SQLValue] = []
    ) async throws(PostgreSQLError) -> Int {
        try await run(Statement(sql, parameters)).affectedRows
    }

    public nonisolated func run(_ statement: Statement) async throws(PostgreSQLError) -> QueryResult {
        let (identifier, connection) = try await acquire()
        do throws(PostgreSQLError) {
            let result = try await connection.run(statement)
            await giveBack(identifier, connection)
            return result
        } catch {
            await giveBack(identifier, connection)
            throw error
        }
    }

    /// As `Connection.pipeline`.
    public nonisolated func pipeline(_ statements: [Statement]) async throws(PostgreSQLError) -> [[Row]] {
        let (identifier, connection) = try await acquire()
        do throws(PostgreSQLError) {
            let result = try await connection.pipeline(statements)
            await giveBack(identifier, connection)
            return result
        } catch {
            await giveBack(identifier, connection)
            throw error
        }
    }

    /// Refuses new work, waits until every lent connection is given back, closes all. Idempotent.
    public func close() async {
        feed(.close)
        ticker?.cancel()
        if isClosed { return }
        await withCheckedContinuation { closeWaiters.append($0) }
    }

    // MARK: Leases

    private func acquire() async throws(PostgreSQLError) -> (PoolStateMachine.ConnectionID, Connection) {
        if Task.isCancelled { throw PostgreSQLError(kind: .cancelled, message: "The task was cancelled.") }
        let identifier = PoolStateMachine.WaiterID(value: nextWaiter)
        nextWaiter += 1
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let timeout = Task { [weak self, duration = configuration.waitTimeout] in
                    guard (try? await Task.sleep(for: duration)) != nil else { return }
                    await self?.feed(.waiterTimedOut(identifier))
                }
                waiters[identifier] = Waiter(continuation: continuation, timeout: timeout)
                feed(.acquire(identifier))
                if Task.isCancelled { feed(.waiterCancelled(identifier)) }
            }
        } onCancel: {
            Task { await self.feed(.waiterCancelled(identifier)) }
        }
        return try result.get()
    }

    private nonisolated func giveBack(_ identifier: PoolStateMachine.ConnectionID, _ connection: Connection) async {
        let isUsable = connection.status == .ready ? true : await connection.reset()
        await feed(.released(identifier, isUsable: isUsable))
    }

    // MARK: Effects

    private func feed(_ event: PoolStateMachine.Event) {
        let effects = machine.handle(event, now: origin.duration(to: .now))
        assert(machine.violatedInvariant() == nil, machine.violatedInvariant() ?? "")
        for effect in effects { carryOut(effect) }
    }

    private func carryOut(_ effect: PoolStateMachine.Effect) {
        switch effect {
        case .connect(let identifier):
            startTicking()
            Task { await self.connect(identifier) }
        case .disconnect(let identifier):
            let connection = connections.removeValue(forKey: identifier)
            Task { await connection?.close() }
        case .lease(let identifier, let waiter):
            guard let connection = connections[identifier] else { preconditionFailure("a lease of no connection") }
            finish(waiter, .success((identifier, connection)))
        case .fail(let waiter, let refusal): finish(waiter, .failure(error(refusal)))
        case .scheduleRetry(let delay):
            Task { [weak self] in
                try? await Task.sleep(for: delay)
                await self?.feed(.retry)
            }
        case .closed:
            isClosed = true
            closeWaiters.forEach { $0.resume() }
            closeWaiters = []
        }
    }

    private func finish(
        _ identifier: PoolStateMachine.WaiterID,
        _ result: Result<(PoolStateMachine.ConnectionID, Connection), PostgreSQLError>
    ) {
        guard let waiter = waiters.removeValue(forKey: identifier) else { preconditionFailure("a waiter served twice") }
        waiter.timeout.cancel()
        waiter.continuation.resume(returning: result)
    }

    private func connect(_ identifier: PoolStateMachine.ConnectionID) async {
        do throws(PostgreSQLError) {
            let connection = try await Connection.connect(connectionConfiguration)
            connection.onBroken { [weak self] in
                Task { await self?.feed(.connectionBroke(identifier)) }
            }
            if lastConnectError != nil { logger.notice("connected to the database again") }
            lastConnectError = nil
            connections[identifier] = connection
            feed(.connected(identifier))
        } catch {
            // Once an outage, not once an attempt.
            logger.log(
                level: lastConnectError == nil ? .warning : .debug, "no connection to the database",
                metadata: ["error": "\(error)"])
            lastConnectError = error
            feed(.connectFailed(identifier))
        }
    }

    private func startTicking() {
        guard ticker == nil else { return }
        ticker = Task { [weak self, interval = configuration.idleTimeout / 2] in
            while (try? await Task.sleep(for: max(interval, .milliseconds(10)))) != nil {
                guard let self else { return }
                await self.feed(.tick)
            }
        }
    }

    private func error(_ refusal: PoolStateMachine.Refusal) -> PostgreSQLError {
        switch refusal {
        case .exhausted:
            PostgreSQLError(
                kind: .poolExhausted,
                message: "Too many tasks (\(configuration.maximumWaiters)) wait for a database connection already.")
        case .cancelled: PostgreSQLError(kind: .cancelled, message: "The task was cancelled.")
        case .timedOut:
            PostgreSQLError(
                kind: .poolTimeout,
                message: "No database connection became free within \(configuration.waitTimeout).",
                detail: lastConnectError?.debugDescription)
        case .closed: PostgreSQLError(kind: .poolClosed, message: "The database pool is closed.")
        }
    }
}
