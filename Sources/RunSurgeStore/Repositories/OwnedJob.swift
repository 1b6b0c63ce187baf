import PostgreSQL
import RunSurgeCore

/// A job as its owner asks for it.
struct OwnedJob: Hashable, Sendable {
    let id: JobID
    let owner: UserID

    /// Those of `wanted` that there are, each decoded by itself: one that can't be fails nobody else.
    static func read(_ wanted: [OwnedJob], from database: Database) async throws -> [OwnedJob: Result<Job, any Error>] {
        let rows = try await database.query(
            JobRow.select + " JOIN unnest($1, $2) AS w (id, owner_id) ON j.id = w.id AND j.owner_id = w.owner_id",
            [.int64Array(wanted.map(\.id.rawValue)), .int64Array(wanted.map(\.owner.rawValue))])
        var found: [OwnedJob: Result<Job, any Error>] = [:]
        for row in rows {
            let job = OwnedJob(id: try row.identifier("id"), owner: try row.identifier("owner_id"))
            found[job] = Result { try JobRow.decode(row) }
        }
        return found
    }
}
