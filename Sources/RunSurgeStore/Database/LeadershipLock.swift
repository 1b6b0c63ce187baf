import PostgreSQL
import RunSurgeCore

/// The right to lead as a session advisory lock, on a connection of its own.
struct LeadershipLock: Leadership {
    private let connection: Connection

    /// The leader shows this often that it is not standing still.
    private static let beat = Duration.seconds(2)
    /// One whose last sign is older, seen twice in a row, is deposed: its writes are fenced, its place is free.
    private static let patienceSeconds = 20.0
    private static let inspection = Duration.seconds(3)
    /// How often a standby tries: one that waited inside the server could not look at the leader, or fill its log.
    private static let interval = Duration.milliseconds(200)

    /// Before a newly connected standby tries: after a restart of the database, who led goes on.
    private static let grace = Duration.seconds(3)

    /// 1381190732 is "RSLL".
    private static let key = "1381190732, 'master_term'::regclass::oid::int4"

    /// nil when another holds it and `isWaiting` is false.
    static func acquire(_ configuration: ConnectionConfiguration, isWaiting: Bool) async throws -> LeadershipLock? {
        let connection = try await Connection.connect(own(configuration))
        do {
            if isWaiting { try await Task.sleep(for: grace) }
            if try await acquire(connection, isWaiting: isWaiting) { return LeadershipLock(connection: connection) }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return nil
    }

    /// The server lets go of a leader whose machine has vanished as soon as the leader itself would notice.
    private static func own(_ configuration: ConnectionConfiguration) -> ConnectionConfiguration {
        var own = configuration
        own.statementTimeout = .zero
        own.settings["tcp_keepalives_idle"] = "5"
        own.settings["tcp_keepalives_interval"] = "2"
        own.settings["tcp_keepalives_count"] = "3"
        own.settings["tcp_user_timeout"] = "11000"
        return own
    }

    private static func acquire(_ connection: Connection, isWaiting: Bool) async throws -> Bool {
        var suspect: Int?
        var lastInspection = ContinuousClock.now
        while true {
            let rows = try await connection.query("SELECT pg_try_advisory_lock(\(key)) AS is_held")
            if try rows.first?.bool("is_held") == true { return true }
            guard isWaiting else { return false }
            if ContinuousClock.now - lastInspection > inspection {
                lastInspection = .now
                let silent = try await silentLeader(connection)
                if let silent, silent == suspect {
                    _ = try await connection.query("SELECT pg_terminate_backend($1)", [.int32(Int32(silent))])
                }
                suspect = silent
            }
            try await Task.sleep(for: interval)
        }
    }

    /// The server's process of a leader that has shown no sign of life for too long.
    private static func silentLeader(_ connection: Connection) async throws -> Int? {
        let rows = try await connection.query(
            """
            SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                AND l.classid = 1381190732 AND l.objid = 'master_term'::regclass::oid
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND extract(epoch FROM clock_timestamp() - a.state_change) > $1::float8
            """, [.double(patienceSeconds)])
        return try rows.first?.int("pid")
    }

    var isHeld: Bool { connection.status != .broken }

    func waitForLoss() async {
        while isHeld, !Task.isCancelled {
            // A beat that fails breaks the connection, which is what the loop looks at.
            _ = try? await connection.query("SELECT 1")
            try? await connection.sleepUnlessBroken(for: Self.beat)
        }
    }

    func release() async { await connection.close() }
}

extension Connection {
    /// Looks at the status more often than it speaks to the server.
    fileprivate nonisolated func sleepUnlessBroken(for duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while status != .broken, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(100)) }
    }
}
