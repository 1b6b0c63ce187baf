/// One SQL statement with its parameters `$1`, `$2`, ….
public struct Statement: Sendable, Hashable {
    public let sql: String
    public let parameters: [SQLValue]

    public init(_ sql: String, _ parameters: [SQLValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}
