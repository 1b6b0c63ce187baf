/// An error of the server, of the connection to it, or of this module.
///
/// `description` is safe to show: it never carries parameters, row values, passwords or SQL. `debugDescription` is
/// complete and belongs in a log.
public struct PostgreSQLError: Error, Sendable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case connectionFailed, connectionLost, authenticationFailed, tooManyConnections
        /// The connection was lost while COMMIT was on its way: the transaction may or may not have happened.
        case commitOutcomeUnknown
        /// COMMIT was answered by ROLLBACK: a statement had failed and its error was swallowed.
        case transactionAborted
        case serializationFailure, deadlock, lockNotAvailable
        case uniqueViolation, foreignKeyViolation, checkViolation, notNullViolation, exclusionViolation
        case statementTimeout, cancelled, diskFull, outOfMemory, readOnly
        case invalidData, invalidStatement, permissionDenied, raised
        case decoding, limit
        case poolTimeout, poolExhausted, poolClosed
        case migration, embeddedServer
        /// The data folder of an embedded server is used by another process.
        case folderInUse
        case other
    }

    public let kind: Kind
    /// Five characters, from the server only.
    public let sqlState: String?
    /// The server's or this module's primary message. May quote a value: not for users; see `description`.
    public let message: String
    public let detail: String?
    public let hint: String?
    /// The violated constraint, as in the schema.
    public let constraint: String?
    public let table: String?
    public let column: String?
    /// Text of the statement, without parameters.
    public internal(set) var sql: String?
    /// Position in the pipeline of the statement that failed, from 0.
    public internal(set) var statementIndex: Int?

    public init(
        kind: Kind, sqlState: String? = nil, message: String, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil, table: String? = nil, column: String? = nil, sql: String? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
        self.constraint = constraint
        self.table = table
        self.column = column
        self.sql = sql
    }

    /// The same work, begun again from BEGIN, may succeed. `commitOutcomeUnknown` is not: only the caller knows whether
    /// its work is idempotent.
    public var isRetriable: Bool {
        switch kind {
        case .serializationFailure, .deadlock, .connectionFailed, .connectionLost, .tooManyConnections,
            .lockNotAvailable, .poolTimeout, .poolExhausted:
            true
        default: false
        }
    }

    /// The connection cannot be used any more.
    public var isConnectionFailure: Bool {
        switch kind {
        case .connectionFailed, .connectionLost, .commitOutcomeUnknown: true
        default: false
        }
    }

    static func decoding(column: String, _ problem: String) -> PostgreSQLError {
        PostgreSQLError(kind: .decoding, message: "column \(column) \(problem)", column: column)
    }

    /// The kind of a SQLSTATE; see appendix A of PostgreSQL's documentation.
    static func kind(ofState state: String) -> Kind {
        switch state {
        case "40001": .serializationFailure
        case "40P01": .deadlock
        case "55P03": .lockNotAvailable
        case "23505": .uniqueViolation
        case "23503": .foreignKeyViolation
        case "23514": .checkViolation
        case "23502": .notNullViolation
        case "23P01": .exclusionViolation
        case "57014": .cancelled
        case "57P01", "57P02", "57P05": .connectionLost
        case "57P03", "57P04": .connectionFailed
        case "53100": .diskFull
        case "53200": .outOfMemory
        case "53300": .tooManyConnections
        case "25006": .readOnly
        case "42501": .permissionDenied
        case "P0001": .raised
        case "25P03", "25P04": .connectionLost
        default:
            switch state.prefix(2) {
            case "08": .connectionLost
            case "22", "23": .invalidData
            case "28": .authenticationFailed
            case "42", "26", "0A", "3D", "3F": .invalidStatement
            case "40": .serializationFailure
            default: .other
            }
        }
    }
}

extension PostgreSQLError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        let code = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        let name = constraint.map { " “\($0)”" } ?? ""
        switch kind {
        case .connectionFailed: return "The database could not be reached\(code)."
        case .connectionLost: return "The connection to the database was lost\(code)."
        case .authenticationFailed: return "The database refused the account or its password\(code)."
        case .tooManyConnections: return "The database has no connection left\(code)."
        case .commitOutcomeUnknown: return "The connection was lost during COMMIT: its outcome is unknown."
        case .transactionAborted: return "The transaction was rolled back because one of its statements had failed."
        case .serializationFailure: return "The transaction conflicted with another\(code)."
        case .deadlock: return "The transaction was the victim of a deadlock\(code)."
        case .lockNotAvailable: return "A lock was not available in time\(code)."
        case .uniqueViolation: return "A row with this key exists already: constraint\(name)\(code)."
        case .foreignKeyViolation: return "A row this one refers to is missing or in use: constraint\(name)\(code)."
        case .checkViolation: return "A value is not allowed: constraint\(name)\(code)."
        case .notNullViolation: return "Column \(column ?? "?") needs a value\(code)."
        case .exclusionViolation: return "The row conflicts with another: constraint\(name)\(code)."
        case .statementTimeout: return "The statement took longer than allowed\(code)."
        case .cancelled: return "The statement was cancelled\(code)."
        case .diskFull: return "The database's disk is full: free some space\(code)."
        case .outOfMemory: return "The database ran out of memory\(code)."
        case .readOnly: return "The database is read-only\(code)."
        case .invalidData: return "The database refused a value\(code)."
        case .invalidStatement: return "The database refused a statement\(code)."
        case .permissionDenied: return "The database account lacks a permission\(code)."
        case .raised: return "The database raised an error\(code)."
        // These messages are this module's own and quote no values.
        case .decoding, .limit, .poolTimeout, .poolExhausted, .poolClosed, .migration, .embeddedServer,
            .folderInUse:
            return message
        case .other: return "The database reported an error\(code)."
        }
    }

    public var debugDescription: String {
        var parts = ["PostgreSQLError.\(kind.rawValue): \(message)"]
        if let sqlState { parts.append("SQLSTATE \(sqlState)") }
        if let detail { parts.append("detail: \(detail)") }
        if let hint { parts.append("hint: \(hint)") }
        if let constraint { parts.append("constraint: \(constraint)") }
        if let table { parts.append("table: \(table)") }
        if let column { parts.append("column: \(column)") }
        if let statementIndex { parts.append("statement #\(statementIndex) of the pipeline") }
        if let sql { parts.append("statement: \(sql)") }
        return parts.joined(separator: "; ")
    }
}
