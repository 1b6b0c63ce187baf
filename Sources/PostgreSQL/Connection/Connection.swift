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

    // Not private for the sake of the extensions beside this file; nothing else touches them.
    let executor: ThreadExecutor
    let mirroredStatus = Atomic<UInt8>(Status.broken.rawValue)
    let interrupt = Interrupt()
    var handle: ConnectionHandle?
    var statements: StatementCache
    var listeners: [String: [Int: AsyncStream<String>.Continuation]] = [:]
    var nextListener = 0
    var operation: UInt64 = 0
    private let brokenHandler = Mutex<(@Sendable () -> Void)?>(nil)
    private let configuration: ConnectionConfiguration

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
        let sql = Self.copy(into: table, schema: schema, columns)
        return try await cancellable { () throws(PostgreSQLError) in
            try self.runCopy(sql, columnCount: columns.count, rows: rows)
        }
    }

    /// As the other, with rows that are encoded already.
    @discardableResult
    public func copyIn(
        _ table: String, schema: String? = nil, columns: [String], _ rows: BinaryRows
    ) async throws(PostgreSQLError) -> Int {
        precondition(columns.count == rows.columnCount, "\(columns.count) columns, rows of \(rows.columnCount) values")
        let sql = Self.copy(into: table, schema: schema, columns)
        return try await cancellable { () throws(PostgreSQLError) in try self.runCopy(sql, rows) }
    }

    private static func copy(into table: String, schema: String?, _ columns: [String]) -> String {
        let target = [schema, table].compactMap { $0 }.map(SQLIdentifier.quoted).joined(separator: ".")
        let names = columns.map(SQLIdentifier.quoted).joined(separator: ", ")
        return "COPY \(target) (\(names)) FROM STDIN WITH (FORMAT binary)"
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

    func discard() {
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
}
