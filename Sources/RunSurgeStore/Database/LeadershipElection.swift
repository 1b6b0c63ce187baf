import PostgreSQL
import RunSurgeCore

/// Who gets the lock leads.
struct LeadershipElection: LeaderElection {
    let connection: ConnectionConfiguration

    func lead() async throws -> any Leadership {
        guard let lock = try await LeadershipLock.acquire(connection, isWaiting: true) else {
            throw StoreError.inconsistent("waiting for the leadership ended without it")
        }
        return lock
    }

    func leadNow() async throws -> (any Leadership)? {
        try await LeadershipLock.acquire(connection, isWaiting: false)
    }
}
