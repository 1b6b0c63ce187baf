import PostgreSQL
import RunSurgeCore

/// A job as its owner asks for it.
struct OwnedJob: Hashable, Sendable {
    let id: JobID
    let owner: UserID

    /// Those of `wanted` that there are, each decoded by itself: one that can't be fails nobody else.
    static func read(
        _ wanted: [OwnedJob], _ facts: JobOverviewRow.KnownFacts, from database: Database
    ) async throws -> [OwnedJob: Result<JobOverview, any Error>] {
        // How many they are is hidden from the planner, which would make a plan for each number of them: that takes
        // longer than the query.
        let rows = try await database.query(
            JobOverviewRow.select(amount: JobOverviewRow.amountSoFar) + """
                 JOIN unnest(ARRAY(SELECT unnest($1)), ARRAY(SELECT unnest($2))) AS w (id, owner_id)
                    ON j.id = w.id AND j.owner_id = w.owner_id
                """,
            [.int64Array(wanted.map(\.id.rawValue)), .int64Array(wanted.map(\.owner.rawValue))])
        var found: [OwnedJob: Result<JobOverview, any Error>] = [:]
        for row in rows {
            let job = OwnedJob(id: try row.identifier("id"), owner: try row.identifier("owner_id"))
            found[job] = Result { try JobOverviewRow.decode(row, facts) }
        }
        return found
    }
}
