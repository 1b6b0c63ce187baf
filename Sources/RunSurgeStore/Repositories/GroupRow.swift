import PostgreSQL
import RunSurgeCore

/// How a group and its members lie in their tables.
enum GroupRow {
    static let columns = """
        g.id, g.owner_id, g.name, g.script_name, g.aggregator_name, g.aggregator_sha256, g.aggregator_size,
            g.member_count, g.state::text AS state, g.cancelled_at IS NOT NULL AS is_cancelled, g.failure,
            g.aggregator_job, g.result_sha256, g.result_size, g.created_at, g.finished_at
        """
    static let select = "SELECT \(columns) FROM job_group g"

    static let selectMembers = """
        SELECT m.group_id, m.ordinal, m.job_id, j.state::text AS state, j.is_ready, j.exit_status, d.failure,
            u.file_name, u.required_memory
        FROM group_member m JOIN job_group g ON g.id = m.group_id JOIN job j ON j.id = m.job_id
            JOIN job_detail d ON d.job_id = j.id LEFT JOIN upload u ON u.job_id = j.id
        """

    static func insert(_ group: NewGroup, owner: UserID, submission: String) throws -> Statement {
        Statement(
            """
            INSERT INTO job_group (owner_id, submission, name, script_name, aggregator_name, aggregator_sha256,
                aggregator_size, member_count, unfinished)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id
            """,
            [
                .identifier(owner), .uuid(submission), .text(group.name.withoutNULs),
                .text(group.scriptName.withoutNULs), .text(group.aggregatorName.withoutNULs),
                .bytes(try group.aggregator.nameBytes), .int64(group.aggregator.size),
                .int32(Int32(group.memberCount)),
            ])
    }

    static func decode(_ row: Row) throws -> JobGroup {
        guard let state = GroupState(rawValue: try row.string("state")) else {
            throw StoreError.inconsistent("group \(try row.int64("id")) has an unknown state")
        }
        return JobGroup(
            id: try row.identifier("id"), owner: try row.identifier("owner_id"), name: try row.string("name"),
            scriptName: try row.string("script_name"), aggregatorName: try row.string("aggregator_name"),
            aggregator: BlobReference(
                name: try row.bytes("aggregator_sha256"), size: try row.int64("aggregator_size")),
            memberCount: try row.int("member_count"), state: state, isCancelled: try row.bool("is_cancelled"),
            failure: try row.optionalString("failure"),
            aggregation: try row.optionalInt64("aggregator_job").map(JobID.init(_:)),
            result: try row.optionalBlob("result_sha256", "result_size"), createdAt: try row.moment("created_at"),
            finishedAt: try row.optionalMoment("finished_at"))
    }

    static func decodeMember(_ row: Row) throws -> GroupMember {
        guard let state = JobState(rawValue: try row.string("state")) else {
            throw StoreError.inconsistent("job \(try row.int64("job_id")) has an unknown state")
        }
        return GroupMember(
            group: try row.identifier("group_id"), ordinal: try row.int("ordinal"), job: try row.identifier("job_id"),
            state: state, isReady: try row.bool("is_ready"), exitStatus: try row.optionalInt32("exit_status"),
            failure: try row.optionalString("failure"), archiveName: try row.optionalString("file_name"),
            requiredMemory: try row.optionalInt64("required_memory"))
    }
}
