public import PostgreSQL

/// Where the store's database is, and how it is used.
public struct StoreConfiguration: Sendable {
    public var connection: ConnectionConfiguration
    /// Connections of the pool, one more listens. 1 or more.
    public var connections: Int
    /// How long an operation is repeated while the database is away, before its error is thrown.
    public var patience: Duration

    public init(_ connection: ConnectionConfiguration, connections: Int = 8, patience: Duration = .seconds(30)) {
        self.connection = connection
        self.connections = connections
        self.patience = patience
    }
}
