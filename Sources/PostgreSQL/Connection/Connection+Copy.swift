extension Connection {
    func runCopy(
        _ sql: String, columnCount: Int, rows: some Sequence<[SQLValue]>
    ) throws(PostgreSQLError) -> Int {
        try runCopy(sql) { sendCopy(columnCount: columnCount, rows: rows) }
    }

    func runCopy(_ sql: String, _ rows: BinaryRows) throws(PostgreSQLError) -> Int {
        try runCopy(sql) {
            for block in rows.encoded where !put(block) { break }
            return nil
        }
    }

    /// `send` returns why the copy is to fail.
    private func runCopy(_ sql: String, _ send: () -> PostgreSQLError?) throws(PostgreSQLError) -> Int {
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
        let refusal = send()
        while let done = handle?.endCopy(failing: refusal?.message), !done { waitWritable() }
        do throws(PostgreSQLError) {
            return try collect(sql: sql).affectedRows
        } catch {
            throw refusal ?? error
        }
    }

    func sendCopy(columnCount: Int, rows: some Sequence<[SQLValue]>) -> PostgreSQLError? {
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
    func put(_ bytes: [UInt8]) -> Bool {
        while true {
            guard let queued = handle?.putCopy(bytes) else { return false }
            if queued { break }
            waitWritable()
        }
        // Keeps libpq's buffer, which would grow without end, at one block.
        while let hasOutput = handle?.flush(), hasOutput { waitWritable() }
        return true
    }
}
