import CLibPQ

/// Owns a `PGresult`.
struct ResultHandle: ~Copyable {
    enum Status { case rows, command, copyIn, pipelineSync, pipelineAborted, empty, error }

    private let result: OpaquePointer

    init(taking result: OpaquePointer) {
        self.result = result
    }

    deinit { PQclear(result) }

    var status: Status {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: .rows
        case PGRES_COMMAND_OK: .command
        case PGRES_COPY_IN: .copyIn
        case PGRES_PIPELINE_SYNC: .pipelineSync
        case PGRES_PIPELINE_ABORTED: .pipelineAborted
        case PGRES_EMPTY_QUERY: .empty
        default: .error
        }
    }

    var commandTag: String { String(cString: PQcmdStatus(result)) }
    var affectedRows: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// Copies the cells out.
    borrowing func table() -> ResultTable {
        let columns = Int(PQnfields(result))
        let rows = Int(PQntuples(result))
        var names: [String] = []
        var types: [SQLType] = []
        for column in 0..<columns {
            names.append(PQfname(result, Int32(column)).map { String(cString: $0) } ?? "")
            types.append(SQLType(rawValue: PQftype(result, Int32(column))))
        }
        var storage: [UInt8] = []
        var starts: [Int] = []
        starts.reserveCapacity(rows * columns + 1)
        for row in 0..<Int32(rows) {
            for column in 0..<Int32(columns) {
                if PQgetisnull(result, row, column) == 1 {
                    starts.append(-1 - storage.count)
                    continue
                }
                starts.append(storage.count)
                guard let value = PQgetvalue(result, row, column) else { continue }
                let length = Int(PQgetlength(result, row, column))
                storage.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
            }
        }
        starts.append(storage.count)
        return ResultTable(names: names, types: types, rowCount: rows, storage: storage, starts: starts)
    }

    borrowing func error(sql: String?) -> PostgreSQLError {
        let state = field("C")
        let message = field("M") ?? String(cString: PQresultErrorMessage(result)).trimmingNewlines()
        var kind = state.map(PostgreSQLError.kind(ofState:)) ?? .other
        // 57014 serves both; the untranslated message (lc_messages is C) tells them apart.
        if kind == .cancelled, message.contains("statement timeout") { kind = .statementTimeout }
        return PostgreSQLError(
            kind: kind, sqlState: state, message: message, detail: field("D"), hint: field("H"),
            constraint: field("n"), table: field("t"), column: field("c"), sql: sql)
    }

    private borrowing func field(_ code: Unicode.Scalar) -> String? {
        PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }
}

extension String {
    func trimmingNewlines() -> String {
        var text = self[...]
        while let last = text.last, last.isNewline || last == " " { text.removeLast() }
        return String(text)
    }
}
