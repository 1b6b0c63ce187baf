import PostgreSQL

/// The right to be the only master, for as long as its connection lives: a session advisory lock. A hint that keeps
/// standbys waiting, not a fence; what fences is the term.
public struct Leadership: Sendable {
    private let connection: Connection

    /// Waits until no other process holds it, or the task is cancelled.
    static func acquire(_ configuration: ConnectionConfiguration) async throws -> Leadership {
        var configuration = configuration
        configuration.statementTimeout = .zero
        let connection = try await Connection.connect(configuration)
        do {
            // 1381190732 is "RSLL".
            _ = try await connection.query(
                "SELECT pg_advisory_lock(1381190732, 'master_term'::regclass::oid::int4)::text")
            return Leadership(connection: connection)
        } catch {
            await connection.close()
            throw error
        }
    }

    /// False once the connection is lost, and with it the lock: stop, and acquire it anew.
    public var isHeld: Bool { connection.status != .broken }

    public func release() async { await connection.close() }
}
