import PostgreSQL
import RunSurgeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How a job lies in its tables.
enum JobRow {
    static let select = """
        SELECT j.id, j.owner_id, j.state, j.driver_epoch, j.exit_status, j.created_at, j.started_at, j.finished_at,
            d.specification, d.plan, d.failure, d.output_sha256, d.output_size, d.error_sha256, d.error_size, d.files,
            d.deleted, d.report
        FROM job j JOIN job_detail d ON d.job_id = j.id
        """

    static func decode(_ row: Row) throws -> Job {
        guard let state = JobState(rawValue: try row.string("state")) else {
            throw StoreError.inconsistent("job \(try row.int64("id")) has an unknown state")
        }
        return Job(
            id: try row.identifier("id"), owner: try row.identifier("owner_id"),
            specification: try decodeJSON(row.string("specification")), state: state,
            createdAt: try row.moment("created_at"), startedAt: try row.optionalMoment("started_at"),
            finishedAt: try row.optionalMoment("finished_at"), plan: try row.optionalBytes("plan"),
            outcome: try outcome(row), failure: try row.optionalString("failure"),
            driverEpoch: try row.int64("driver_epoch"))
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

    private static func decodeJSON<Value: Decodable>(_ text: String) throws -> Value {
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
