import PostgreSQL
import RunSurgeCore

/// How an upload lies in its tables.
enum UploadRow {
    static let select = """
        SELECT u.job_id, j.owner_id, u.file_name, u.received, u.total, u.bytes, u.required_memory,
            u.finished_at IS NOT NULL AS is_finished
        FROM upload u JOIN job j ON j.id = u.job_id
        """

    /// The last of them gives the upload's row.
    static func insert(_ piece: UploadPiece, of job: JobID) throws -> [Statement] {
        [
            Statement(
                "INSERT INTO upload (job_id, file_name, total) VALUES ($1, $2, $3) ON CONFLICT (job_id) DO NOTHING",
                [.identifier(job), .text(piece.fileName.withoutNULs), .int32(Int32(piece.total))]),
            Statement(
                "INSERT INTO upload_piece (job_id, piece, sha256, size) VALUES ($1, $2, $3, $4)",
                [
                    .identifier(job), .int32(Int32(piece.index)), .bytes(try piece.blob.nameBytes),
                    .int64(piece.blob.size),
                ]),
            Statement(
                """
                UPDATE upload SET received = received + 1, bytes = bytes + $2,
                    required_memory = coalesce($3, required_memory), touched_at = clock_timestamp()
                WHERE job_id = $1
                """, [.identifier(job), .int64(piece.blob.size), .int64(piece.requiredMemory)]),
            Statement(select + " WHERE u.job_id = $1", [.identifier(job)]),
        ]
    }

    static func decode(_ row: Row) throws -> Upload {
        Upload(
            job: try row.identifier("job_id"), owner: try row.identifier("owner_id"),
            fileName: try row.string("file_name"), received: try row.int("received"), total: try row.int("total"),
            bytes: try row.int64("bytes"), requiredMemory: try row.optionalInt64("required_memory"),
            isFinished: try row.bool("is_finished"))
    }
}
