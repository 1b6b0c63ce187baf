/// What one statement gave.
public struct QueryResult: Sendable {
    public let rows: [Row]
    /// Rows inserted, updated, deleted, selected or copied; 0 for other commands.
    public let affectedRows: Int
    /// The server's command tag: `UPDATE 3`.
    public let commandTag: String
}
