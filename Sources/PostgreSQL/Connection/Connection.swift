import Glibc
import Synchronization

/// A session with a PostgreSQL server: an actor on a thread of its own, the only place where libpq is called.
///
/// Methods run one at a time, in order of arrival. A cancelled task cancels its statement at the server. After a
/// `.connectionLost` the connection stays broken; take another from a pool.
public actor Connection {
    /// What the connection can be used for; readable from any thread.
    public enum Status: UInt8, Sendable {
        case ready, inTransaction, broken
    }

    /// The most statements one pipeline takes.
    public static let pipelineLimit = 10_000

    private let executor: ThreadExecutor
    private let mirroredStatus = Atomic<UInt8>(Status.broken.rawValue)
    private let brokenHandler = Mutex<(@Sendable () -> Void)?>(nil)
    private let interrupt = Interrupt()
    private let configuration: ConnectionConfiguration
    private var handle: ConnectionHandle?
    private var statements: StatementCache
    private var listeners: [String: [Int: AsyncStream<String>.Continuation]] = [:]
    private var nextListener = 0
    private var operation: UInt64 = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(configuration: ConnectionConfiguration) {
        self.configuration = configuration
        statements = StatementCache(limit: configuration.preparedStatementLimit)
        executor = ThreadExecutor(name: "postgresql")
    }

    deinit {
        for streams in listeners.values { streams.values.forEach { $0.finish() } }
        executor.stop()
    }

    /// Opens a session. Throws `.connectionFailed`, `.authenticationFailed`, `.tooManyConnections` or `.cancelled`.
    public static func connect(_ configuration: ConnectionConfiguration) async throws(PostgreSQLError) -> Connection {
        let connection = Connection(configuration: configuration)
        try await connection.open()
        return connection
    }

    public nonisolated var status: Status {
        Status(rawValue: mirroredStatus.load(ordering: .acquiring)) ?? .broken
    }

    /// The server's process, for `pg_terminate_backend` and logs; nil when closed.
    public var serverProcessIdentifier: Int32? { handle?.processIdentifier }

    /// As `server_version_num`: 150004 is 15.4; nil when closed.
    public var serverVersion: Int32? { handle?.serverVersion }

    // MARK: Statements

    /// Runs a prepared statement and returns its rows.
    public func query(_ sql: String, _ parameters: [SQLValue] = []) async throws(PostgreSQLError) -> [Row] {
        try await run(Statement(sql, parameters)).rows
    }

    /// Runs a prepared statement and returns how many rows it affected.
    @discardableResult
    public func execute(_ sql: String, _ parameters: [SQLValue] = []) async throws(PostgreSQLError) -> Int {
        try await run(Statement(sql, parameters)).affectedRows
    }

    /// Runs a prepared statement.
    public func run(_ statement: Statement) async throws(PostgreSQLError) -> QueryResult {
        try await cancellable { () throws(PostgreSQLError) in try self.runPrepared(statement) }
    }

    /// Runs statements in one round trip. Outside a transaction they are one: all or nothing. The first error is
    /// thrown with its `statementIndex`; those after it did not run. At most `pipelineLimit`.
    public func pipeline(_ statements: [Statement]) async throws(PostgreSQLError) -> [[Row]] {
        try await pipelineResults(statements).map(\.rows)
    }

    /// As `pipeline`, with affected counts.
    public func pipelineResults(_ statements: [Statement]) async throws(PostgreSQLError) -> [QueryResult] {
        guard statements.count <= Self.pipelineLimit else {
            throw PostgreSQLError(kind: .limit, message: "A pipeline takes at most \(Self.pipelineLimit) statements.")
        }
        if statements.isEmpty { return [] }
        return try await cancellable { () throws(PostgreSQLError) in try self.runPipeline(statements) }
    }

    /// Runs statements separated by semicolons, without parameters or results. They are one transaction unless they
    /// say BEGIN. With `isCancellable` false a cancelled task still runs them to their end.
    public func script(_ sql: String, isCancellable: Bool = true) async throws(PostgreSQLError) {
        _ = try await cancellable(isCancellable) { () throws(PostgreSQLError) in try self.runScript(sql) }
    }

    /// Copies rows into a table by binary COPY and returns their count. Each value's type must be the column's exactly
    /// (`int64` for int8; `text` for text-like and enumerated columns); nothing is kept when it throws.
    @discardableResult
    public func copyIn(
        _ table: String, schema: String? = nil, columns: [String], rows: some Sequence<[SQLValue]> & Sendable
    ) async throws(PostgreSQLError) -> Int {
        let target = [schema, table].compactMap { $0 }.map(SQLIdentifier.quoted).joined(separator: ".")
        let names = columns.map(SQLIdentifier.quoted).joined(separator: ", ")
        let sql = "COPY \(target) (\(names)) FROM STDIN WITH (FORMAT binary)"
        return try await cancellable { () throws(PostgreSQLError) in
            try self.runCopy(sql, columnCount: columns.count, rows: rows)
        }
    }

    // MARK: Notifications

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

    private func stopListening(_ channel: String, _ identifier: Int) {
        guard listeners[channel]?.removeValue(forKey: identifier) != nil else { return }
        guard listeners[channel]?.isEmpty == true else { return }
        listeners[channel] = nil
        // A connection that cannot unlisten is broken and says so by its status.
        _ = try? runScript("UNLISTEN \(SQLIdentifier.quoted(channel))")
    }

    // MARK: Life

    /// Called once, from some thread, when the connection breaks (not by `close`). Set it right after connecting.
    nonisolated func onBroken(_ handler: @escaping @Sendable () -> Void) {
        brokenHandler.withLock { $0 = handler }
    }

    /// Ends the session. Idempotent.
    public func close() {
        brokenHandler.withLock { $0 = nil }
        discard()
    }

    /// Rolls back what is open and says whether the connection can be used again.
    func reset() -> Bool {
        guard status != .broken else { return false }
        if status == .inTransaction {
            guard (try? runScript("ROLLBACK")) != nil else { return false }
        }
        return status == .ready
    }

    /// COMMIT, uninterrupted, with its outcomes told apart.
    func commit() throws(PostgreSQLError) {
        let tag: String
        do throws(PostgreSQLError) {
            operation += 1
            tag = try runScript("COMMIT").commandTag
        } catch {
            guard error.kind == .connectionLost else { throw error }
            throw PostgreSQLError(
                kind: .commitOutcomeUnknown, sqlState: error.sqlState, message: error.message, sql: "COMMIT")
        }
        guard tag != "ROLLBACK" else {
            throw PostgreSQLError(kind: .transactionAborted, message: "COMMIT was answered by ROLLBACK", sql: "COMMIT")
        }
    }

    private func open() async throws(PostgreSQLError) {
        try await cancellable { () throws(PostgreSQLError) in try self.connectNow() }
        watchIdle()
    }

    private func discard() {
        executor.watch(nil)
        mirroredStatus.store(Status.broken.rawValue, ordering: .releasing)
        handle = nil
        statements.removeAll()
        for streams in listeners.values { streams.values.forEach { $0.finish() } }
        listeners = [:]
        let handler = brokenHandler.withLock { handler in
            defer { handler = nil }
            return handler
        }
        handler?()
    }

    /// While idle, watch the socket: for notifications, and for the server's farewell.
    private func watchIdle() {
        guard let socket = handle?.socket, socket >= 0 else { return }
        executor.watch(socket) { [weak self] in
            Task { await self?.readIdle() }
        }
    }

    private func readIdle() {
        guard handle != nil else { return }
        guard handle?.consumeInput() == true, handle?.isBroken == false else { return discard() }
        deliverNotifications()
        watchIdle()
    }

    private func deliverNotifications() {
        while let (channel, payload) = handle?.nextNotification() {
            for continuation in (listeners[channel] ?? [:]).values { continuation.yield(payload) }
        }
    }

    // MARK: Waiting

    /// Runs blocking work on the connection's thread; the task's cancellation interrupts it.
    private func cancellable<Value: Sendable>(
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

    private func outcome<Value>(_ body: () throws(PostgreSQLError) -> Value) -> Result<Value, PostgreSQLError> {
        executor.checkIsolated()
        do throws(PostgreSQLError) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }

    private func connectNow() throws(PostgreSQLError) {
        guard let opened = ConnectionHandle(parameters: configuration.libpqParameters) else {
            throw PostgreSQLError(kind: .outOfMemory, message: "libpq could not allocate a connection")
        }
        let deadline = ContinuousClock.now + configuration.connectTimeout
        while true {
            let events: Int32
            switch opened.connectStep() {
            case .connected:
                handle = consume opened
                mirroredStatus.store(Status.ready.rawValue, ordering: .releasing)
                return
            case .failed: throw Self.connectError(opened.errorMessage, needsPassword: opened.needsPassword)
            case .reading: events = POLLIN
            case .writing: events = POLLOUT
            }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else {
                throw PostgreSQLError(
                    kind: .connectionFailed, message: "no answer within \(configuration.connectTimeout)")
            }
            waitFor(opened.socket, events, milliseconds: Int32(clamping: left.wholeMilliseconds))
            if interrupt.isCancelled(operation) {
                throw PostgreSQLError(kind: .cancelled, message: "The task was cancelled.")
            }
        }
    }

    /// libpq keeps no SQLSTATE for a refused connection, so the text decides.
    private static func connectError(_ message: String, needsPassword: Bool) -> PostgreSQLError {
        var kind = PostgreSQLError.Kind.connectionFailed
        if needsPassword || message.contains("authentication failed") || message.contains("no pg_hba.conf entry") {
            kind = .authenticationFailed
        } else if message.contains("too many") || message.contains("remaining connection slots") {
            kind = .tooManyConnections
        }
        return PostgreSQLError(kind: kind, message: message)
    }

    /// Waits until the socket is ready, an interrupt arrives or the time is over (-1: none). True: interrupted.
    @discardableResult
    private func waitFor(_ socket: Int32, _ events: Int32, milliseconds: Int32 = -1) -> Bool {
        var descriptors = [
            pollfd(fd: socket, events: Int16(events), revents: 0),
            pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, milliseconds) > 0, descriptors[1].revents != 0 else { return false }
        interrupt.drain()
        return true
    }

    /// Sends what is queued and waits for the next result; nil ends a statement.
    private func nextResult() -> ResultHandle? {
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

    // MARK: Running

    private func checkOpen() throws(PostgreSQLError) {
        guard handle != nil else { throw PostgreSQLError(kind: .connectionLost, message: "the connection is closed") }
    }

    /// After every exchange: notes the transaction's state, and the loss of the connection.
    private func settle(_ failure: PostgreSQLError?) throws(PostgreSQLError) {
        switch handle?.transactionState {
        case .idle: mirroredStatus.store(Status.ready.rawValue, ordering: .releasing)
        case .inTransaction, .failed: mirroredStatus.store(Status.inTransaction.rawValue, ordering: .releasing)
        case .active, .unknown, nil:
            let message = handle?.errorMessage ?? "the connection is closed"
            discard()
            throw PostgreSQLError(
                kind: .connectionLost, sqlState: failure?.sqlState, message: failure?.message ?? message,
                sql: failure?.sql)
        }
        deliverNotifications()
        if let failure { throw failure }
    }

    /// A send that libpq refuses means a broken connection or a statement it cannot carry.
    private func sendFailure(_ sql: String) -> PostgreSQLError {
        let message = handle?.errorMessage ?? "the connection is closed"
        return PostgreSQLError(kind: handle?.isBroken == false ? .other : .connectionLost, message: message, sql: sql)
    }

    private func collect(sql: String) throws(PostgreSQLError) -> QueryResult {
        var failure: PostgreSQLError?
        var last = QueryResult(rows: [], affectedRows: 0, commandTag: "")
        results: while let result = nextResult() {
            switch result.status {
            case .rows:
                last = QueryResult(
                    rows: result.table().rows, affectedRows: result.affectedRows, commandTag: result.commandTag)
            case .command:
                last = QueryResult(rows: [], affectedRows: result.affectedRows, commandTag: result.commandTag)
            case .error: failure = failure ?? result.error(sql: sql)
            case .copyIn:
                // Only `copyIn` may copy; the server waits for data until it is told to fail.
                _ = handle?.endCopy(failing: "COPY is only possible by copyIn")
            case .empty, .pipelineSync, .pipelineAborted: break
            }
            if handle?.isBroken == true { break results }
        }
        try settle(failure)
        return last
    }

    @discardableResult
    private func runScript(_ sql: String) throws(PostgreSQLError) -> QueryResult {
        try checkOpen()
        guard handle?.sendScript(sql) == true else {
            let failure = sendFailure(sql)
            try settle(failure)
            throw failure
        }
        return try collect(sql: sql)
    }

    private func runPrepared(_ statement: Statement) throws(PostgreSQLError) -> QueryResult {
        let wasIdle = status == .ready
        do throws(PostgreSQLError) {
            return try runPreparedOnce(statement)
        } catch {
            // A changed table invalidates the plan, DISCARD ALL forgets it: prepare anew, if nothing is lost by that.
            guard wasIdle, error.sqlState == "0A000" || error.sqlState == "26000" else { throw error }
            statements.invalidate(Self.key(statement))
            return try runPreparedOnce(statement)
        }
    }

    private static func key(_ statement: Statement) -> StatementCache.Key {
        StatementCache.Key(sql: statement.sql, types: statement.parameters.map(\.type))
    }

    private func runPreparedOnce(_ statement: Statement) throws(PostgreSQLError) -> QueryResult {
        try checkOpen()
        try deallocateEvicted()
        let key = Self.key(statement)
        let name: String
        switch statements.lookup(key) {
        case .prepared(let known): name = known
        case .prepare(let new):
            guard handle?.sendPrepare(name: new, sql: statement.sql, types: key.types) == true else {
                let failure = sendFailure(statement.sql)
                try settle(failure)
                throw failure
            }
            _ = try collect(sql: statement.sql)
            statements.insert(key, name: new)
            name = new
        }
        guard handle?.sendPrepared(name: name, parameters: statement.parameters) == true else {
            let failure = sendFailure(statement.sql)
            try settle(failure)
            throw failure
        }
        return try collect(sql: statement.sql)
    }

    private func deallocateEvicted() throws(PostgreSQLError) {
        guard !statements.evicted.isEmpty, handle?.transactionState != .failed else { return }
        let names = statements.takeEvicted()
        _ = try runScript(names.map { "DEALLOCATE \($0)" }.joined(separator: ";"))
    }

    // MARK: Pipeline

    private enum PipelineStep {
        case prepare(StatementCache.Key, name: String, statement: Int)
        case execute(statement: Int)

        var statement: Int {
            switch self {
            case .prepare(_, _, let statement), .execute(let statement): statement
            }
        }
    }

    private func runPipeline(_ batch: [Statement]) throws(PostgreSQLError) -> [QueryResult] {
        try checkOpen()
        try deallocateEvicted()
        guard handle?.enterPipeline() == true else {
            let failure = sendFailure("pipeline")
            try settle(failure)
            throw failure
        }
        let steps = sendPipeline(batch)
        guard let steps, handle?.sync() == true else {
            let failure = sendFailure("pipeline")
            discard()  // half a pipeline cannot be taken back
            throw failure
        }
        let (results, failure) = receivePipeline(steps, batch)
        // Leaves pipeline mode, or the connection is broken and `settle` says so.
        _ = handle?.exitPipeline()
        try settle(failure)
        return results
    }

    private func sendPipeline(_ batch: [Statement]) -> [PipelineStep]? {
        var steps: [PipelineStep] = []
        var fresh: [StatementCache.Key: String] = [:]
        for (index, statement) in batch.enumerated() {
            let key = Self.key(statement)
            let name: String
            if let known = fresh[key] {
                name = known
            } else {
                switch statements.lookup(key) {
                case .prepared(let known): name = known
                case .prepare(let new):
                    guard handle?.sendPrepare(name: new, sql: statement.sql, types: key.types) == true else {
                        return nil
                    }
                    steps.append(.prepare(key, name: new, statement: index))
                    fresh[key] = new
                    name = new
                }
            }
            guard handle?.sendPrepared(name: name, parameters: statement.parameters) == true else { return nil }
            steps.append(.execute(statement: index))
        }
        return steps
    }

    private func receivePipeline(
        _ steps: [PipelineStep], _ batch: [Statement]
    ) -> (results: [QueryResult], failure: PostgreSQLError?) {
        var results: [QueryResult] = []
        var failure: PostgreSQLError?
        for step in steps {
            while let result = nextResult() {
                switch (result.status, step) {
                case (.command, .prepare(let key, let name, _)): statements.insert(key, name: name)
                case (.rows, _):
                    results.append(
                        QueryResult(
                            rows: result.table().rows, affectedRows: result.affectedRows,
                            commandTag: result.commandTag))
                case (.command, _), (.empty, _):
                    results.append(
                        QueryResult(rows: [], affectedRows: result.affectedRows, commandTag: result.commandTag))
                case (.error, _) where failure == nil:
                    failure = result.error(sql: batch[step.statement].sql)
                    failure?.statementIndex = step.statement
                    let state = failure?.sqlState
                    if state == "0A000" || state == "26000" { statements.invalidate(Self.key(batch[step.statement])) }
                default: break
                }
                if handle?.isBroken == true { return (results, failure) }
            }
            if handle?.isBroken != false { return (results, failure) }
        }
        while let result = nextResult(), result.status != .pipelineSync {
            // An error at the sync itself: the implicit transaction failed to commit.
            if result.status == .error, failure == nil { failure = result.error(sql: nil) }
            if handle?.isBroken == true { break }
        }
        return (results, failure)
    }

    // MARK: COPY

    private func runCopy(
        _ sql: String, columnCount: Int, rows: some Sequence<[SQLValue]>
    ) throws(PostgreSQLError) -> Int {
        try checkOpen()
        guard handle?.sendScript(sql) == true else {
            let failure = sendFailure(sql)
            try settle(failure)
            throw failure
        }
        var isAccepted = false
        var refused: PostgreSQLError?
        if let answer = nextResult() {
            isAccepted = answer.status == .copyIn
            refused = isAccepted ? nil : answer.error(sql: sql)
        }
        guard isAccepted else {
            _ = try collect(sql: sql)
            throw refused ?? PostgreSQLError(kind: .connectionLost, message: "the server did not answer", sql: sql)
        }
        let refusal = sendCopy(columnCount: columnCount, rows: rows)
        while let done = handle?.endCopy(failing: refusal?.message), !done { waitWritable() }
        do throws(PostgreSQLError) {
            return try collect(sql: sql).affectedRows
        } catch {
            throw refusal ?? error
        }
    }

    private func sendCopy(columnCount: Int, rows: some Sequence<[SQLValue]>) -> PostgreSQLError? {
        var encoder = BinaryCopyEncoder(columnCount: columnCount)
        for row in rows {
            if let problem = encoder.append(row) { return problem }
            guard encoder.isFull else { continue }
            if interrupt.isCancelled(operation) {
                return PostgreSQLError(kind: .cancelled, message: "The task was cancelled.")
            }
            guard put(encoder.take()) else { return nil }
        }
        encoder.finish()
        _ = put(encoder.take())
        return nil
    }

    /// False: the connection broke, which the result will tell.
    private func put(_ bytes: [UInt8]) -> Bool {
        while true {
            guard let queued = handle?.putCopy(bytes) else { return false }
            if queued { break }
            waitWritable()
        }
        // Keeps libpq's buffer, which would grow without end, at one block.
        while let hasOutput = handle?.flush(), hasOutput { waitWritable() }
        return true
    }

    private func waitWritable() {
        guard let socket = handle?.socket, socket >= 0 else { return }
        waitFor(socket, POLLOUT | POLLIN)
        _ = handle?.consumeInput()
    }
}
