extension Connection {
    func checkOpen() throws(PostgreSQLError) {
        guard handle != nil else { throw PostgreSQLError(kind: .connectionLost, message: "the connection is closed") }
    }

    /// After every exchange: notes the transaction's state, and the loss of the connection.
    func settle(_ failure: PostgreSQLError?) throws(PostgreSQLError) {
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
    func sendFailure(_ sql: String) -> PostgreSQLError {
        let message = handle?.errorMessage ?? "the connection is closed"
        return PostgreSQLError(kind: handle?.isBroken == false ? .other : .connectionLost, message: message, sql: sql)
    }

    func collect(sql: String) throws(PostgreSQLError) -> QueryResult {
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
    func runScript(_ sql: String) throws(PostgreSQLError) -> QueryResult {
        try checkOpen()
        guard handle?.sendScript(sql) == true else {
            let failure = sendFailure(sql)
            try settle(failure)
            throw failure
        }
        return try collect(sql: sql)
    }

    func runPrepared(_ statement: Statement) throws(PostgreSQLError) -> QueryResult {
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

    static func key(_ statement: Statement) -> StatementCache.Key {
        StatementCache.Key(sql: statement.sql, types: statement.parameters.map(\.type))
    }

    func runPreparedOnce(_ statement: Statement) throws(PostgreSQLError) -> QueryResult {
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

    func deallocateEvicted() throws(PostgreSQLError) {
        guard !statements.evicted.isEmpty, handle?.transactionState != .failed else { return }
        let names = statements.takeEvicted()
        _ = try runScript(names.map { "DEALLOCATE \($0)" }.joined(separator: ";"))
    }
}
