import PostgreSQL
import RunSurgeCore

/// How a job lies in its tables, as far as it is shown.
enum JobOverviewRow {
    /// Facts of jobs that are asked for again and again, by the text that they were decoded from.
    typealias KnownFacts = LastMade<JobID, String, JobFacts>

    /// What a job costs so far. Nothing was done for a job that has not begun.
    static let amountSoFar = """
        CASE WHEN j.started_at IS NULL THEN 0 ELSE (
            SELECT \(UsageRepository.total("e.amount")) FROM usage_entry e
            WHERE e.job_id = j.id AND e.payer_id = j.owner_id) END
        """

    static func select(amount: String = "NULL::int8") -> String {
        """
        SELECT j.id, j.owner_id, j.state, j.exit_status, j.created_at, j.started_at, j.finished_at, j.group_id,
            d.specification, d.failure, u.file_name, \(amount) AS amount
        FROM job j JOIN job_detail d ON d.job_id = j.id LEFT JOIN upload u ON u.job_id = j.id
        """
    }

    static func decode(_ row: Row, _ known: KnownFacts? = nil) throws -> JobOverview {
        let id: JobID = try row.identifier("id")
        let text = try row.string("specification")
        func made() throws -> JobFacts { JobFacts(try JobRow.decodeJSON(text)) }
        return JobOverview(
            id: id, owner: try row.identifier("owner_id"), state: try JobRow.state(row),
            createdAt: try row.moment("created_at"),
            startedAt: try row.optionalMoment("started_at"), finishedAt: try row.optionalMoment("finished_at"),
            exitStatus: try row.optionalInt32("exit_status"), failure: try row.optionalString("failure"),
            group: try row.optionalInt64("group_id").map(JobGroupID.init(_:)),
            facts: try known?.product(for: id, of: text, make: made) ?? made(),
            uploadName: try row.optionalString("file_name"), amount: try row.optionalInt64("amount"))
    }
}
