import PostgreSQL
import RunSurgeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a job lies in its tables.
enum JobRow {
    private static let columns = """
        j.id, j.owner_id, j.state, j.driver_epoch, j.exit_status, j.created_at, j.started_at, j.finished_at,
        d.specification, d.plan, d.failure, d.output_sha256, d.output_size, d.error_sha256, d.error_size, d.files,
        d.deleted, d.report, j.is_ready, j.group_id
        """

    static let select = "SELECT \(columns) FROM job j JOIN job_detail d ON d.job_id = j.id"

    /// The first $2 jobs of a queue by their ids, without those of $1.
    ///
    /// However many jobs the statistics expect, the details are looked up one by one: a queue that was long a minute
    /// ago would have all details read to join one of them.
    /// - Parameter condition: what puts a job `q` into the queue.
    static func selectFirst(_ condition: String) -> String {
        """
        SELECT \(columns)
        FROM (SELECT * FROM job q WHERE \(condition) AND q.id <> ALL ($1) ORDER BY q.id LIMIT $2) j
            CROSS JOIN LATERAL (SELECT * FROM job_detail WHERE job_id = j.id OFFSET 0) d
        ORDER BY j.id
        """
    }

    static func decode(_ row: Row) throws -> Job {
        Job(
            id: try row.identifier("id"), owner: try row.identifier("owner_id"),
            specification: try decodeJSON(row.string("specification")), state: try state(row),
            createdAt: try row.moment("created_at"), startedAt: try row.optionalMoment("started_at"),
            finishedAt: try row.optionalMoment("finished_at"), plan: try row.optionalBytes("plan"),
            outcome: try outcome(row), failure: try row.optionalString("failure"),
            driverEpoch: try row.int64("driver_epoch"), isReady: try row.bool("is_ready"),
            group: try row.optionalInt64("group_id").map(JobGroupID.init(_:)))
    }

    static func state(_ row: Row) throws -> JobState {
        guard let state = JobState(rawValue: try row.string("state")) else {
            throw StoreError.inconsistent("job \(try row.int64("id")) has an unknown state")
        }
        return state
    }

    /// Names a call that makes jobs, so that it can be repeated.
    static func newSubmission() -> String { HexCoding.encode((0..<16).map { _ in UInt8.random(in: 0...255) }) }

    /// Jobs that differ only in their submissions; nothing when those are known already.
    static func insert(
        _ specification: JobSpecification, owner: UserID, submissions: [String], isReady: Bool,
        group: JobGroupID? = nil
    ) throws -> Statement {
        let blobs = Array(Set(specification.blobs))
        return Statement(
            """
            WITH new AS (
                INSERT INTO job (owner_id, submission, is_ready, group_id)
                SELECT $1, s.submission, $3, $4 FROM unnest($2) AS s (submission)
                ON CONFLICT (submission) DO NOTHING RETURNING id
            ), detail AS (
                INSERT INTO job_detail (job_id, specification) SELECT id, $5 FROM new
            ), streams AS (
                INSERT INTO job_stream (job_id, stream) SELECT id, s FROM new, unnest(ARRAY[1, 2]) s
            )
            INSERT INTO job_blob (job_id, sha256, size)
            SELECT new.id, b.sha256, b.size FROM new, unnest($6, $7) AS b (sha256, size) ON CONFLICT DO NOTHING
            """,
            [
                .identifier(owner), .uuidArray(submissions), .bool(isReady), .identifier(group),
                try encodeJSON(specification), .bytesArray(try blobs.map { try $0.nameBytes }),
                .int64Array(blobs.map(\.size)),
            ])
    }

    /// What a job names beyond what it named before.
    static func insertBlobs(_ blobs: [BlobReference], of job: JobID) throws -> Statement {
        let blobs = Array(Set(blobs))
        return Statement(
            """
            INSERT INTO job_blob (job_id, sha256, size)
            SELECT $1, b.sha256, b.size FROM unnest($2, $3) AS b (sha256, size) ON CONFLICT DO NOTHING
            """,
            [.identifier(job), .bytesArray(try blobs.map { try $0.nameBytes }), .int64Array(blobs.map(\.size))])
    }

    private static func outcome(_ row: Row) throws -> JobOutcome? {
        guard let status = try row.optionalInt32("exit_status"),
            let output = try row.optionalBlob("output_sha256", "output_size"),
            let error = try row.optionalBlob("error_sha256", "error_size")
        else { return nil }
        return JobOutcome(
            exitStatus: status, standardOutput: output, standardError: error,
            outputs: try decodeJSON(row.string("files")), deleted: try row.stringArray("deleted"),
            report: try row.bytes("report"))
    }

    static func encodeJSON(_ value: some Encodable) throws -> SQLValue {
        .json(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    }

    static func decodeJSON<Value: Decodable>(_ text: String) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw StoreError.inconsistent("a stored \(Value.self) cannot be read")
        }
    }
}

extension String {
    /// PostgreSQL's text holds every character but NUL, which scripts may well put into their messages.
    var withoutNULs: String {
        utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }) : self
    }
}
